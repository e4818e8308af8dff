import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createDockerEngine } from './engine.ts';
import { DockerOptions } from './options.ts';
import type { ScalingEngine } from '../port.ts';

// An Engine API on a socket that answers from what was recorded, or as a test says.

export interface Reply {
  readonly status: number;
  /** Absent: an empty body. */
  readonly json?: unknown;
}

export interface Asked {
  /** `POST /containers/create`, without version and query. */
  readonly what: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

export interface RecordedEngine {
  readonly engine: ScalingEngine;
  readonly asked: readonly Asked[];
  close(): Promise<void>;
}

const file = path.join(import.meta.dirname, 'testdata/engine-podman-4.3.1.json');
const recordings = (JSON.parse(readFileSync(file, 'utf8')) as { answers: Record<string, Reply> }).answers;

/** What Podman 4.3.1 answered. */
export function recorded(name: string): Reply {
  const found = recordings[name];
  if (found === undefined) throw new Error(`nothing was recorded as ${name}`);
  return found;
}

/** Containers answer on their port unless a test says otherwise; time passes only by sleeping. */
export async function engineOn(
  answer: (asked: Asked) => Reply | undefined,
  options: object,
  fetched: (url: string) => Response = () => new Response('ok'),
): Promise<RecordedEngine> {
  const folder = mkdtempSync(path.join(tmpdir(), 'gdock-'));
  const socket = path.join(folder, 's');
  const asked: Asked[] = [];
  const server = createServer((request, reply) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://socket');
      const text = Buffer.concat(chunks).toString();
      const body = text === '' ? null : (JSON.parse(text) as unknown);
      const one = { what: `${request.method ?? ''} ${url.pathname}`, query: url.searchParams, body };
      asked.push(one);
      const { status, json } = answer(one) ?? { status: 404, json: { message: `nothing for ${one.what}` } };
      reply.writeHead(status, { 'content-type': 'application/json' });
      reply.end([204, 304].includes(status) || json === undefined ? undefined : JSON.stringify(json));
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  let ms = Date.parse('2026-11-22T20:12:00Z');
  const clock = {
    now: () => new Date(ms),
    sleep: async (wait: number) => {
      ms += wait;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
  const given = DockerOptions.parse({ socket, ...options });
  const engine = createDockerEngine(given, { clock, fetch: async (url) => fetched(url), service: 'web' });
  const close = async () => {
    await engine.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  };
  return { engine, asked, close };
}
