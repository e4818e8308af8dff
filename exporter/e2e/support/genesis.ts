import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import type { Operation } from '../../src/contract/operation.ts';
import { checkout, run, startProcess, tempFolder, waitUntil, type RunningProcess } from './processes.ts';

export interface GenesisOptions {
  /** Default: a new temporary folder, removed by `cleanUp`. */
  readonly home?: string;
  /** Written to <home>/genesis.yaml (mode 0600): YAML text, or an object as it would stand in the file. */
  readonly config?: string | Readonly<Record<string, unknown>>;
  /** Added to the environment of the server; GENESIS_HOME and GENESIS_LISTEN=127.0.0.1:0 are set. */
  readonly env?: Readonly<Record<string, string>>;
  /** Another Node than the one that runs the tests. */
  readonly nodePath?: string;
  /** Default: the sources themselves, without the compile cache that the `genesis` program switches on. */
  readonly program?: string;
  /** A program and its arguments that start Node in turn, e.g. to give it other rights; it must `exec`, so that signals arrive. */
  readonly launcher?: readonly string[];
  /** Until the server has reached `until`; default 60 s. */
  readonly deadlineMs?: number;
  /**
   * 'observed' (default): the first observation has ended, so that actions are admitted; a request sent before is refused with 503.
   * 'answers': /healthz answers, for tests that look at the time in between.
   */
  readonly until?: 'answers' | 'observed';
}

export type TokenRole = 'admin' | 'operator' | 'viewer';

export interface ApiReply<T = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed where the reply is JSON, else undefined. */
  readonly body: T;
}

export interface CallOptions {
  /** Whose token is sent; default admin, null sends none. */
  readonly role?: TokenRole | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Genesis {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly home: string;
  readonly pid: number;
  readonly process: RunningProcess;
  /** Read from <home>/tokens when asked for. */
  readonly tokens: Readonly<Record<TokenRole, string>>;
  /** Calls a route below /api/v1. */
  api<T = unknown>(method: string, route: string, body?: unknown, options?: CallOptions): Promise<ApiReply<T>>;
  /** Any path, without a token: /metrics, /healthz, /. */
  get(route: string, headers?: Readonly<Record<string, string>>): Promise<ApiReply>;
  /** Polls until the operation has ended, however it ended. */
  waitForOperation(id: string, deadlineMs?: number): Promise<Operation>;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  kill9(): Promise<void>;
  output(): string;
}

const ended: readonly string[] = ['succeeded', 'failed', 'cancelled', 'interrupted'];

/** Writes the configuration as the server wants it: owner only. */
export function writeConfig(home: string, config: string | Readonly<Record<string, unknown>>): string {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const file = path.join(home, 'genesis.yaml');
  writeFileSync(file, typeof config === 'string' ? config : stringify(config), { mode: 0o600 });
  chmodSync(file, 0o600);
  return file;
}

/** Starts `genesis serve` from the sources on a free port and waits until it answers. */
export async function startGenesis(options: GenesisOptions = {}): Promise<Genesis> {
  const home = options.home ?? tempFolder('genesis-home-');
  if (options.config !== undefined) writeConfig(home, options.config);
  const addressFile = path.join(home, 'run', 'address');
  rmSync(addressFile, { force: true }); // a killed server leaves its old address behind
  const nodePath = options.nodePath ?? process.execPath;
  const [file = nodePath, ...args] = [
    ...(options.launcher ?? []),
    nodePath,
    options.program ?? path.join(checkout, 'exporter/src/main.ts'),
    'serve',
  ];
  const server = await startProcess({
    name: 'genesis serve',
    file,
    args,
    cwd: home,
    env: { GENESIS_HOME: home, GENESIS_LISTEN: '127.0.0.1:0', ...options.env },
  });
  const wait = { deadlineMs: options.deadlineMs ?? 60_000, processes: [server] };
  const url = await waitUntil(
    'genesis answers /healthz',
    async () => {
      if (!existsSync(addressFile)) return undefined;
      const candidate = `http://${readFileSync(addressFile, 'utf8').trim()}`;
      return (await fetch(`${candidate}/healthz`)).ok ? candidate : undefined;
    },
    wait,
  );
  if (options.until !== 'answers')
    await waitUntil('genesis has ended its first observation', async () => (await isObserved(url)) || undefined, wait);
  return handleOf(url, home, server);
}

/** True also where it is not ready for another reason, such as an audit log that cannot be written. */
async function isObserved(url: string): Promise<boolean> {
  const { reasons } = (await (await fetch(`${url}/readyz`)).json()) as { readonly reasons: readonly string[] };
  return !reasons.some((reason) => reason.includes('first observation'));
}

function handleOf(url: string, home: string, server: RunningProcess): Genesis {
  const tokens = tokensOf(home);
  const api: Genesis['api'] = (method, route, body, call = {}) => {
    const role = call.role === undefined ? 'admin' : call.role;
    const headers = {
      ...(role === null ? {} : { authorization: `Bearer ${tokens[role]}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...call.headers,
    };
    return request(`${url}/api/v1${route}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  };
  return {
    url,
    home,
    pid: server.pid,
    process: server,
    tokens,
    api,
    get: (route, headers = {}) => request(`${url}${route}`, { headers }),
    waitForOperation: (id, deadlineMs = 60_000) =>
      waitUntil(
        `operation ${id} ends`,
        async () => {
          const reply = await api<Operation>('GET', `/operations/${id}`);
          if (reply.status !== 200) throw new Error(`${reply.status}: ${reply.text}`);
          return ended.includes(reply.body.state) ? reply.body : undefined;
        },
        { deadlineMs, processes: [server] },
      ),
    stop: (signal) => server.stop(signal),
    kill9: () => server.kill9(),
    output: () => server.output(),
  };
}

function tokensOf(home: string): Record<TokenRole, string> {
  const read = (role: TokenRole): string => readFileSync(path.join(home, 'tokens', role), 'utf8').trim();
  return {
    get admin() {
      return read('admin');
    },
    get operator() {
      return read('operator');
    },
    get viewer() {
      return read('viewer');
    },
  };
}

async function request<T>(url: string, init: RequestInit): Promise<ApiReply<T>> {
  const reply = await fetch(url, { redirect: 'manual', ...init });
  const text = await reply.text();
  const json = /[/+]json\b/.test(reply.headers.get('content-type') ?? '');
  return {
    status: reply.status,
    headers: reply.headers,
    text,
    body: (json && text !== '' ? JSON.parse(text) : undefined) as T,
  };
}

/** Runs one `genesis` command to its end, e.g. `genesisCommand(home, ['backups', '--json'])`. */
export function genesisCommand(
  home: string,
  args: readonly string[],
  options: Pick<GenesisOptions, 'env' | 'nodePath' | 'launcher' | 'deadlineMs'> = {},
): Promise<{ exitCode: number | null; output: string }> {
  const nodePath = options.nodePath ?? process.execPath;
  const [file = nodePath, ...rest] = [
    ...(options.launcher ?? []),
    nodePath,
    path.join(checkout, 'exporter/src/main.ts'),
    ...args,
  ];
  return run({
    name: `genesis ${args.join(' ')}`,
    file,
    args: rest,
    cwd: home,
    env: { GENESIS_HOME: home, ...options.env },
    ...(options.deadlineMs === undefined ? {} : { deadlineMs: options.deadlineMs }),
  });
}
