import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { freePort, startProcess, waitUntil, type RunningProcess } from './processes.ts';

// Real etcd members for tests: private folders, free ports, stopped by pid.

export interface EtcdMember {
  readonly name: string;
  /** host:port of clients. */
  readonly address: string;
  running(): boolean;
  kill(): Promise<void>;
  /** After `kill`: with what it had. */
  start(): Promise<void>;
  /** SIGSTOP: its connections stay open and nothing answers. */
  freeze(): void;
  thaw(): void;
  output(): string;
}

interface Place {
  readonly name: string;
  readonly folder: string;
  readonly client: number;
  readonly peer: number;
}

/** One or three members that have a leader. Both APIs are served: v3, and v2 for Patroni's older client. */
export async function startEtcd(folder: string, count: 1 | 3): Promise<readonly EtcdMember[]> {
  const places: Place[] = [];
  for (let n = 1; n <= count; n += 1)
    places.push({
      name: `etcd${n}`,
      folder: path.join(folder, `etcd${n}`),
      client: await freePort(),
      peer: await freePort(),
    });
  const members = places.map((place) => memberOf(place, places));
  await Promise.all(members.map((member) => member.start()));
  return members;
}

function memberOf(place: Place, all: readonly Place[]): EtcdMember {
  let current: RunningProcess | null = null;
  const signal = (name: NodeJS.Signals): void => {
    if (current?.running() === true) process.kill(current.pid, name);
  };
  const address = `127.0.0.1:${place.client}`;
  return {
    name: place.name,
    address,
    running: () => current?.running() ?? false,
    kill: async () => current?.kill9(),
    async start() {
      if (current?.running() === true) return;
      mkdirSync(place.folder, { recursive: true, mode: 0o700 });
      current = await startProcess({
        name: place.name,
        file: 'etcd',
        args: argumentsOf(place, all),
        cwd: place.folder,
        mend: 'install the Debian package etcd-server',
      });
      await waitUntil(`${place.name} is healthy`, () => isHealthy(address), { processes: [current] });
    },
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    output: () => current?.output() ?? '',
  };
}

function argumentsOf(place: Place, all: readonly Place[]): string[] {
  const [client, peer] = [`http://127.0.0.1:${place.client}`, `http://127.0.0.1:${place.peer}`];
  return [
    `--name=${place.name}`,
    `--data-dir=${path.join(place.folder, 'data')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=${all.map((one) => `${one.name}=http://127.0.0.1:${one.peer}`).join(',')}`,
    '--initial-cluster-state=new',
    '--enable-v2=true',
    // Two busy cores: with the defaults (100, 1000) it would elect whenever a test compiles.
    '--heartbeat-interval=200',
    '--election-timeout=2000',
    '--log-level=warn',
  ];
}

async function isHealthy(address: string): Promise<boolean> {
  const reply = await fetch(`http://${address}/health`, { signal: AbortSignal.timeout(2000) });
  return ((await reply.json()) as { health: string }).health === 'true';
}

export interface EtcdLogin {
  readonly user: string;
  readonly password: string;
}

const root: EtcdLogin = { user: 'root', password: 'root-secret' };

async function call(address: string, what: string, body: object, token?: string): Promise<{ readonly token?: string }> {
  const reply = await fetch(`http://${address}/v3/auth/${what}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: token === undefined ? {} : { authorization: token },
    signal: AbortSignal.timeout(5000),
  });
  if (!reply.ok) throw new Error(`etcd: ${what}: ${reply.status} ${await reply.text()}`);
  return (await reply.json()) as { readonly token?: string };
}

function addressOf(members: readonly EtcdMember[]): string {
  const found = members.find((member) => member.running());
  if (found === undefined) throw new Error('no etcd runs');
  return found.address;
}

/** From then on nobody reads or writes without a login; that one may do everything. */
export async function askForLogin(members: readonly EtcdMember[], { user, password }: EtcdLogin): Promise<void> {
  const address = addressOf(members);
  for (const one of [root, { user, password }]) {
    await call(address, 'user/add', { name: one.user, password: one.password });
    await call(address, 'user/grant', { user: one.user, role: 'root' });
  }
  await call(address, 'enable', {});
}

/** Whoever knows only the old password is turned away from then on. */
export async function changePassword(members: readonly EtcdMember[], { user, password }: EtcdLogin): Promise<void> {
  const address = addressOf(members);
  const { token } = await call(address, 'authenticate', { name: root.user, password: root.password });
  await call(address, 'user/changepw', { name: user, password }, token);
}
