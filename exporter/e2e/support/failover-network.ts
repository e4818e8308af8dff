import { execFileSync } from 'node:child_process';
import path from 'node:path';
import type { GenesisOptions } from './genesis.ts';
import { startLink, type Link } from './link.ts';
import { asUser, type TestServer } from './postgres.ts';
import { mend } from './postgres-machine.ts';
import { startProcess, waitUntil } from './processes.ts';

/**
 * A pair whose ways to one another can be cut one by one, so that nobody is told: packets go nowhere. Root gets network namespaces, one for
 * each node and one for Genesis; HAProxy and its clients stand outside. An ordinary user gets a TCP proxy on each way.
 */

export type NodeName = 'a' | 'b';
export type Side = 'genesis' | 'clients' | NodeName;

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Network {
  readonly kind: 'namespaces' | 'proxies';
  /** Where Genesis and the other node find it. */
  address(of: NodeName): Address;
  /** Where HAProxy finds it. */
  forClients(of: NodeName): Address;
  /** Where Genesis finds what HAProxy has on 127.0.0.1, and where HAProxy has to listen for that. */
  readonly outside: string;
  /** How Genesis is started, and what its configuration needs for it. */
  readonly start: Pick<GenesisOptions, 'env' | 'launcher' | 'until'>;
  readonly api: Readonly<Record<string, unknown>>;
  /** Both directions. */
  cut(one: Side, other: Side): void;
  mend(): void;
  close(): Promise<void>;
}

export const isRoot = process.getuid?.() === 0;

const sideHosts = { a: '127.0.0.2', b: '127.0.0.2', clients: '127.0.0.3', genesis: '127.0.0.4' } as const;

/** A server is known by its port: the ways to it have the same one, on loopback addresses of their own. */
export async function startProxies(a: TestServer, b: TestServer): Promise<Network> {
  const links = new Map<string, Link>();
  const ports = { a: a.port, b: b.port };
  for (const [to, other] of [
    ['a', 'b'],
    ['b', 'a'],
  ] as const)
    for (const from of [other, 'clients', 'genesis'] as const)
      links.set(`${from} ${to}`, await startLink(ports[to], { host: sideHosts[from], port: ports[to] }));
  return {
    kind: 'proxies',
    address: (of) => ({ host: sideHosts.genesis, port: ports[of] }),
    forClients: (of) => ({ host: sideHosts.clients, port: ports[of] }),
    outside: '127.0.0.1',
    start: {},
    api: {},
    cut(one, other) {
      const cut = [`${one} ${other}`, `${other} ${one}`].flatMap((way) => links.get(way) ?? []);
      if (cut.length === 0) throw new Error(`there is no way between ${one} and ${other}`);
      for (const link of cut) link.freeze();
    },
    mend: () => links.forEach((link) => link.mend()),
    close: async () => {
      for (const link of links.values()) await link.stop();
    },
  };
}

/** `primary_conninfo` of the standby below the primary, by the way that only it takes. */
export function conninfoBy(network: Network, of: NodeName, name: NodeName): string {
  const { host, port } = network.address(of);
  const from = network.kind === 'proxies' ? sideHosts[name] : host;
  return `'host=${from} port=${port} user=postgres application_name=${name}'`;
}

const mendIp = 'install the Debian package iproute2';
/** Nobody has it: what is sent there arrives nowhere. */
const nowhere = '02:00:00:00:00:99';

function ip(...args: readonly string[]): void {
  try {
    execFileSync('ip', args, { stdio: 'pipe' });
  } catch (cause) {
    throw new Error(`ip ${args.join(' ')} failed: ${mendIp}`, { cause });
  }
}

const sides: readonly Side[] = ['clients', 'genesis', 'a', 'b'];
const subnet = `10.213.${(process.pid % 250) + 1}`;
const hostOf = (side: Side): string => `${subnet}.${sides.indexOf(side) + 1}`;

/** For `listen_addresses`: what is not there yet is left out by the server, with a warning. */
export const namespaceAddress = (of: NodeName): string => hostOf(of);

/** Namespaces and the cables between them; the servers are moved in by `moveInto`. Needs root. */
export function startNamespaces(ports: Readonly<Record<NodeName, number>>, undo: (() => void)[]): Network {
  const prefix = `gf${process.pid % 100_000}`;
  const spaceOf = (side: Side | 'lan'): string => `${prefix}-${side}`;
  const inside = (side: Side, ...args: readonly string[]): void =>
    side === 'clients' ? ip(...args) : ip('-n', spaceOf(side), ...args);
  const deviceOf = (side: Side): string => (side === 'clients' ? `${prefix}c` : 'eth0');
  const addSpace = (side: Side | 'lan'): void => {
    ip('netns', 'add', spaceOf(side));
    undo.push(() => ip('netns', 'del', spaceOf(side)));
  };
  addSpace('lan');
  ip('-n', spaceOf('lan'), 'link', 'add', 'br0', 'type', 'bridge');
  ip('-n', spaceOf('lan'), 'link', 'set', 'br0', 'up');
  for (const [at, side] of sides.entries()) {
    const [near, far] = [`${prefix}n${at}`, `${prefix}f${at}`];
    if (side !== 'clients') addSpace(side);
    ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far);
    ip('link', 'set', far, 'netns', spaceOf('lan'));
    ip('-n', spaceOf('lan'), 'link', 'set', far, 'master', 'br0', 'up');
    if (side === 'clients') ip('link', 'set', near, 'name', deviceOf(side));
    else ip('link', 'set', near, 'netns', spaceOf(side), 'name', 'eth0');
    if (side !== 'clients') inside(side, 'link', 'set', 'lo', 'up');
    inside(side, 'addr', 'add', `${hostOf(side)}/24`, 'dev', deviceOf(side));
    inside(side, 'link', 'set', deviceOf(side), 'up');
  }
  const cuts: [Side, Side][] = [];
  const divert = (from: Side, to: Side): void =>
    inside(from, 'neigh', 'replace', hostOf(to), 'lladdr', nowhere, 'nud', 'permanent', 'dev', deviceOf(from));
  return {
    kind: 'namespaces',
    address: (of) => ({ host: hostOf(of), port: ports[of] }),
    forClients: (of) => ({ host: hostOf(of), port: ports[of] }),
    outside: hostOf('clients'),
    start: {
      launcher: ['ip', 'netns', 'exec', spaceOf('genesis')],
      env: { GENESIS_LISTEN: `${hostOf('genesis')}:0` },
      // Why it is not ready it tells only on its own machine.
      until: 'answers',
    },
    api: { insecure: true },
    cut(one, other) {
      divert(one, other);
      divert(other, one);
      cuts.push([one, other]);
    },
    mend() {
      for (const [one, other] of cuts.splice(0))
        for (const [from, to] of [
          [one, other],
          [other, one],
        ] as const)
          inside(from, 'neigh', 'del', hostOf(to), 'dev', deviceOf(from));
    },
    close: async () => {},
  };
}

/** Starts a stopped server in the namespace of that node. */
export async function moveInto(server: TestServer, node: NodeName): Promise<void> {
  const [file, args] = asUser(server.asOwner, path.join(server.bin, 'postgres'), ['-D', server.data]);
  const running = await startProcess({
    name: server.name,
    file: 'ip',
    args: ['netns', 'exec', `gf${process.pid % 100_000}-${node}`, file, ...args],
    cwd: server.data,
    env: { LC_ALL: 'C', TZ: 'UTC' },
    mend,
  });
  await waitUntil(`${server.name} answers`, async () => (await server.sql('SELECT 1')).length === 1, {
    processes: [running],
  });
}
