import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { FailoverNode } from '../port.ts';

/** Answers of a real Patroni, by a name for what it was asked and in which state it was. */
interface Recorded {
  readonly status: number;
  readonly type: string | null;
  /** JSON, or text. */
  readonly body: unknown;
}

const all = JSON.parse(
  readFileSync(path.join(import.meta.dirname, 'testdata/rest-patroni-3.0.2.json'), 'utf8'),
) as Readonly<Record<string, Recorded>>;

export function recorded(name: string): Recorded {
  const found = all[name];
  if (found === undefined) throw new Error(`nothing is recorded as ${name}`);
  return found;
}

/** As it came over the wire. */
export function text(name: string): string {
  const { body } = recorded(name);
  return typeof body === 'string' ? body : JSON.stringify(body);
}

export function nodeAt(name: string, change: Partial<FailoverNode> = {}): FailoverNode {
  return {
    name,
    region: 'local',
    priority: 100,
    candidate: true,
    server: { host: '192.0.2.1', port: 5432, user: 'genesis', password: null, database: 'postgres', tlsCa: null },
    data: null,
    url: `http://192.0.2.1/${name}`,
    commands: { stop: null, start: null, confirmDown: null, promote: null, demote: null, drain: null, admit: null },
    webhook: null,
    ...change,
  };
}
