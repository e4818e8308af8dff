import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { freePort, startProcess, tempFolder, waitUntil, type RunningProcess } from './processes.ts';

// A real HAProxy for tests: free ports, a private folder, stopped by pid and by nothing else.

const mend = 'install the Debian package haproxy';

export interface HaproxyServer {
  readonly name: string;
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Where the check goes when not to `port`, e.g. Patroni's REST API. */
  readonly checkPort?: number;
  /** Added to its line, e.g. `disabled`. */
  readonly options?: string;
}

export interface HaproxyBackend {
  readonly name: string;
  readonly servers: readonly HaproxyServer[];
  /**
   * `none`: connections go to it unseen. `tcp`: it accepts a connection. `pgsql`: it speaks PostgreSQL, primary or not.
   * `http`: GET of the path answers with 200. Default `tcp`.
   */
  readonly check?: 'none' | 'tcp' | 'pgsql' | { readonly http: string };
  /** `http` for backends that speak it. Default tcp. */
  readonly mode?: 'tcp' | 'http';
  /** Port of its frontend; default: a free one. */
  readonly port?: number;
  /** Default `first`: all connections to the first server that is up. */
  readonly balance?: string;
}

export interface HaproxyOptions {
  /** Its configuration is written there. */
  readonly folder: string;
  readonly backends: readonly HaproxyBackend[];
  /** Time between two checks. Default 1s. */
  readonly inter?: string;
  /** Of the runtime API. Default admin. */
  readonly level?: 'admin' | 'operator' | 'user';
  /** Address of its frontends. Default 127.0.0.1. */
  readonly bind?: string;
  /** Master and worker, as Debian's unit runs it: then it can be reloaded, and `pid` is the master's. */
  readonly master?: boolean;
  /** Program and arguments that HAProxy is run by, e.g. `ip netns exec NAME`; what they start must have their pid. */
  readonly through?: readonly string[];
}

export interface Haproxy {
  readonly pid: number;
  /** Of the runtime API. */
  readonly socket: string;
  /** Where clients reach a backend. Throws for one that does not exist. */
  port(backend: string): number;
  /** One command of the runtime API, as an operator would type it. */
  command(text: string): Promise<string>;
  /** Another worker takes over with the same configuration; only of a master. Resolves when it answers. */
  reload(): Promise<void>;
  /** What it logs: servers that go down and come back. */
  output(): string;
  running(): boolean;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

/** Checked every second, down after two failures, up after one success, and its sessions end when it goes down. */
export async function startHaproxy(options: HaproxyOptions): Promise<Haproxy> {
  const socket = path.join(tempFolder('gha-'), 's'); // a path of sockets must stay below 100 bytes
  const ports = new Map<string, number>();
  for (const backend of options.backends) ports.set(backend.name, backend.port ?? (await freePort()));
  const file = path.join(options.folder, 'haproxy.cfg');
  writeFileSync(file, configOf(options, socket, ports), { mode: 0o600 });
  const [program = 'haproxy', ...before] = [...(options.through ?? []), 'haproxy'];
  const running = await startProcess({
    name: 'haproxy',
    file: program,
    args: [...before, ...(options.master === true ? ['-W'] : []), '-db', '-f', file],
    env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin` },
    mend,
  });
  await waitUntil('HAProxy answers', async () => (await command(socket, 'show info')).includes('Version:'), {
    deadlineMs: 20_000,
    processes: [running],
  });
  return handleOf(running, socket, ports);
}

async function workerOf(socket: string): Promise<string | undefined> {
  return /^Pid: (\d+)$/m.exec(await command(socket, 'show info'))?.[1];
}

function handleOf(running: RunningProcess, socket: string, ports: ReadonlyMap<string, number>): Haproxy {
  return {
    reload: async () => {
      const before = await workerOf(socket);
      let askedAt = -Infinity;
      await waitUntil(
        'the new worker answers',
        async () => {
          // The worker answers before the master listens to signals: one that came too early is lost.
          if (Date.now() - askedAt > 3000) {
            process.kill(running.pid, 'SIGUSR2');
            askedAt = Date.now();
          }
          const now = await workerOf(socket);
          return now !== undefined && now !== before;
        },
        { processes: [running] },
      );
    },
    pid: running.pid,
    socket,
    port: (backend) => {
      const port = ports.get(backend);
      if (port === undefined) throw new Error(`HAProxy has no backend ${backend}`);
      return port;
    },
    command: (text) => command(socket, text),
    output: running.output,
    running: running.running,
    stop: async () => void (await running.stop('SIGTERM', 10_000)),
    kill: running.kill9,
  };
}

function configOf(options: HaproxyOptions, socket: string, ports: ReadonlyMap<string, number>): string {
  const inter = options.inter ?? '1s';
  return [
    'global',
    `  stats socket ${socket} mode 600 level ${options.level ?? 'admin'}`,
    '  hard-stop-after 2s',
    'defaults',
    '  timeout connect 2s',
    '  timeout client 10m',
    '  timeout server 10m',
    `  timeout check 1s`,
    ...options.backends.flatMap((backend) => [
      `frontend ${backend.name}-in`,
      `  mode ${backend.mode ?? 'tcp'}`,
      `  bind ${options.bind ?? '127.0.0.1'}:${ports.get(backend.name)}`,
      `  default_backend ${backend.name}`,
      ...backendLines(backend, inter),
    ]),
    '',
  ].join('\n');
}

function backendLines(backend: HaproxyBackend, inter: string): string[] {
  const check = backend.check ?? 'tcp';
  const how =
    check === 'pgsql'
      ? ['  option pgsql-check user postgres']
      : typeof check === 'object'
        ? [`  option httpchk GET ${check.http}`, '  http-check expect status 200']
        : [];
  return [
    `backend ${backend.name}`,
    `  mode ${backend.mode ?? 'tcp'}`,
    `  balance ${backend.balance ?? 'first'}`,
    ...how,
    `  default-server inter ${inter} fall 2 rise 1 on-marked-down shutdown-sessions`,
    ...backend.servers.map(({ name, port, host = '127.0.0.1', checkPort, options = '' }) => {
      const checked = check === 'none' ? '' : ` check${checkPort === undefined ? '' : ` port ${checkPort}`}`;
      return `  server ${name} ${host}:${port}${checked} ${options}`.trimEnd();
    }),
  ];
}

/** Answer of the runtime API; rejects when it cannot be reached. */
function command(socket: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const connection = connect({ path: socket });
    let answer = '';
    connection.setTimeout(5000, () => connection.destroy(new Error('HAProxy does not answer')));
    connection.on('connect', () => connection.write(`${text}\n`));
    connection.on('data', (chunk) => (answer += chunk.toString('utf8')));
    connection.on('error', reject);
    connection.on('end', () => resolve(answer));
  });
}
