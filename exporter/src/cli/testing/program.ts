import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Operation } from '../../contract/operation.ts';
import type { CliDeps } from '../deps.ts';
import { buildProgram } from '../program.ts';
import { inertDeps, recordOutput } from '../testing.ts';

/** Runs one command below a home folder; what it printed, and its exit code. */
export async function runIn(home: string, argv: readonly string[], changes: Partial<CliDeps> = {}) {
  const stdout = recordOutput();
  const stderr = recordOutput();
  const code = await buildProgram(inertDeps({ stdout, stderr, cwd: home, ...changes })).run(argv);
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

export interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** A running server: its address in the home, an admin token, and answers by `METHOD path`. */
export function serverIn(
  home: string,
  answers: Readonly<Record<string, { status?: number; body: unknown }>>,
  requests: SentRequest[] = [],
): Partial<CliDeps> {
  mkdirSync(join(home, '.genesis', 'run'), { recursive: true });
  mkdirSync(join(home, '.genesis', 'tokens'));
  writeFileSync(join(home, '.genesis', 'run', 'address'), '127.0.0.1:9847\n');
  writeFileSync(join(home, '.genesis', 'tokens', 'operator'), 'the-operator-token\n');
  return {
    fetch: (url, init) => {
      const { pathname, search } = new URL(url);
      if (pathname === '/healthz') return Promise.resolve(new Response('ok'));
      const path = pathname.replace('/api/v1', '') + search;
      const method = init.method ?? 'GET';
      const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : undefined;
      requests.push({ method, path, headers: init.headers as Record<string, string>, body });
      const answer = answers[`${method} ${path}`];
      if (answer === undefined) throw new TypeError(`no answer for ${method} ${path}`);
      return Promise.resolve(new Response(JSON.stringify(answer.body), { status: answer.status ?? 200 }));
    },
  };
}

/** An operation that ended, with what matters to a test given. */
export function operationWith(changes: Partial<Operation>): Operation {
  const at = '2026-11-22T02:59:00.000Z';
  return {
    id: 'op_1',
    kind: 'backup',
    service: 'web',
    params: {},
    actor: { name: 'a', role: 'admin', via: 'token' },
    reason: null,
    idempotencyKey: null,
    state: 'succeeded',
    createdAt: at,
    startedAt: at,
    endedAt: at,
    steps: [],
    progress: null,
    result: { backupId: 'backup_1' },
    error: null,
    ...changes,
  };
}

export function interruptAtOnce(listener: () => void): () => void {
  listener();
  return () => undefined;
}
