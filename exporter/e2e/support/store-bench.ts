import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { CatalogueEntry } from '../../src/contract/backup.ts';
import type { Operation } from '../../src/contract/operation.ts';
import type { CopyFacts, ServiceSnapshot } from '../../src/contract/snapshot.ts';
import { archiveCommand } from '../../src/engines/backup/pgbackrest/conf.ts';
import { perform } from './actions.ts';
import { startGenesis, type Genesis } from './genesis.ts';
import { metric } from './metrics.ts';
import { asUser, startCanary, startPostgres, type Canary, type TestServer } from './postgres.ts';
import { run, tempFolder, waitUntil } from './processes.ts';

/** A database whose second repository, the copy `cloud`, stands in an object store: real pgBackRest, TLS, `genesis serve`. */

export const service = 'shop-db';

export interface ObjectStore {
  /** The key that opens it: the bench puts it into a file. */
  readonly key: string;
  /** The section `remote` of the copy. */
  remote(keyFile: string): Readonly<Record<string, unknown>>;
  /** Names of the objects that begin with this, as the store itself lists them. */
  names(prefix: string): Promise<readonly string[]>;
  /** After `stop`: on the same port, with what it held. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface StoreBench {
  readonly store: ObjectStore;
  readonly server: TestServer;
  readonly canary: Canary;
  readonly genesis: Genesis;
  /** The file that the key of the store is read from; read again at once. */
  useKey(key: string): Promise<void>;
  /** Into the local repository: `succeeded`, or what it failed with. */
  backUp(type: 'full' | 'incremental'): Promise<string>;
  inCloud(): Promise<readonly CatalogueEntry[]>;
  /** Backups into the cloud are made by the scheduler: nobody asks for them. */
  untilCloud(what: string, holds: (facts: CopyFacts) => boolean): Promise<CopyFacts>;
  /** Values of `genesis_replication_connected` of the cloud: none where it is unknown. */
  connected(): Promise<number[]>;
  /** Ends the segment; gives its name. */
  switchWal(): Promise<string>;
  untilArchived(segment: string, where: 'local' | 'cloud'): Promise<void>;
  /** Restores the newest backup of the cloud while the local repository is not there; gives the ids of the canary that came back. */
  restoreFromCloudAlone(): Promise<{ readonly operation: Operation; readonly ids: readonly number[] }>;
}

const longest = { deadlineMs: 60_000 };

export async function startStoreBench(open: (folder: string) => Promise<ObjectStore>): Promise<StoreBench> {
  const folder = tempFolder('gstore-');
  const home = path.join(folder, 'home');
  const local = path.join(home, 'repositories', service);
  const keyFile = path.join(folder, 'store-key');
  const command = archiveCommand(path.join(home, 'engines', service), service, 'pgbackrest');
  const [store, server] = await Promise.all([
    open(path.join(folder, 'store')),
    startPostgres({ folder, archiveCommand: command }),
  ]);
  const canary = await startCanary(server);
  writeFileSync(keyFile, store.key, { mode: 0o600 });
  writeFileSync(path.join(folder, 'passphrase'), 'long enough, and kept apart', { mode: 0o600 });
  const genesis = await startGenesis({ home, config: configOf(server, folder, store.remote(keyFile)) });
  const cloud = async (): Promise<CopyFacts | undefined> => {
    const [copy] = (await genesis.api<ServiceSnapshot>('GET', `/services/${service}`)).body.copies;
    return copy?.facts.known === true ? copy.facts.value : undefined;
  };
  const bench: StoreBench = {
    store,
    server,
    canary,
    genesis,
    useKey: async (key) => {
      writeFileSync(keyFile, key);
      const headers = { authorization: `Bearer ${genesis.tokens.admin}` };
      const reply = await fetch(`${genesis.url}/-/reload`, { method: 'POST', headers });
      if (!reply.ok) throw new Error(`reload: ${reply.status} ${await reply.text()}`);
    },
    backUp: async (type) => {
      const { state, error } = await perform(genesis, 'POST', '/backups', { service, type });
      return error === null ? state : `${error.code}: ${error.message}`;
    },
    inCloud: async () => {
      const { items } = (await genesis.api<{ items: CatalogueEntry[] }>('GET', `/backups?service=${service}`)).body;
      return items.filter(({ copies }) => copies.includes('cloud'));
    },
    untilCloud: (what, holds) =>
      waitUntil(
        what,
        async () => {
          const facts = await cloud();
          return facts !== undefined && holds(facts) ? facts : undefined;
        },
        { ...longest, processes: [genesis.process] },
      ),
    connected: () => metric(genesis, 'genesis_replication_connected', { replica: 'cloud' }),
    switchWal: async () => {
      const [row] = await server.sql<{ name: string }>('SELECT pg_walfile_name(pg_switch_wal()) AS name');
      return row?.name ?? '';
    },
    untilArchived: async (segment, where) => {
      const below = `archive/${service}/15-1/${segment.slice(0, 16)}`;
      const names = (): Promise<readonly string[]> | string[] =>
        where === 'cloud' ? store.names(`shop/${below}/${segment}-`) : readdirSync(path.join(local, below));
      await waitUntil(
        `${segment} is archived: ${where}`,
        async () => (await names()).some((name) => name.includes(`${segment}-`)),
        longest,
      );
    },
    restoreFromCloudAlone: async () => {
      const [newest] = await bench.inCloud();
      const target = path.join(home, 'restores', 'from-the-cloud');
      renameSync(local, `${local}.away`);
      const operation = await perform(genesis, 'POST', `/backups/${newest?.id}/restore`, {
        target: { kind: 'folder', path: target },
        recovery: { type: 'latest' },
      });
      renameSync(`${local}.away`, local);
      return { operation, ids: operation.error === null ? canaryIn(server, path.join(target, 'cluster')) : [] };
    },
  };
  return bench;
}

function configOf(server: TestServer, folder: string, remote: unknown): Record<string, unknown> {
  const { host, port, user } = server.target();
  return {
    services: [
      {
        name: service,
        backup: {
          engine: 'pgbackrest',
          schedules: { full: null, incremental: null },
          encryption: { key: `file:${path.join(folder, 'passphrase')}` },
          verify_after: false,
          pgbackrest: { archive_timeout: 20, io_timeout: 0.5 },
        },
        copies: [{ name: 'cloud', path: '/shop', offsite: true, remote }],
        drills: { schedule: null },
        postgres: { host, port, user, data: server.data, drill: { level: 3 } },
      },
    ],
    restore: { roots: [path.join(folder, 'home', 'restores')] },
    api: { requests_per_minute: 1_000_000 },
    collectors: { dr_interval: '1s', wal_interval: '2s' },
  };
}

/** Ids of the canary in a restored cluster that was stopped cleanly, in single-user mode. */
function canaryIn(server: TestServer, data: string): number[] {
  const [file, args] = asUser(server.asOwner, path.join(server.bin, 'postgres'), [
    ...['--single', '-D', data, '-c', 'archive_mode=off', 'postgres'],
  ]);
  const text = execFileSync(file, args, {
    input: "SELECT string_agg(id::text, ',' ORDER BY id) FROM canary\n",
    encoding: 'utf8',
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  return (/= "([\d,]+)"/.exec(text)?.[1] ?? '').split(',').map(Number);
}

/** An authority, and a certificate that it signed for 127.0.0.1: as an address for Node, as a name for pgBackRest 2.45, which knows only those. */
export async function makeCertificate(folder: string): Promise<{ ca: string; certificate: string; key: string }> {
  // Whoever reads the authority has to pass.
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  const at = (name: string): string => path.join(folder, name);
  const openssl = async (...args: string[]): Promise<void> => {
    const ended = await run({
      name: 'openssl',
      file: 'openssl',
      args,
      cwd: folder,
      mend: 'install the package openssl',
    });
    if (ended.exitCode !== 0) throw new Error(`openssl ended with ${ended.exitCode}: ${ended.output}`);
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const authority = ['-subj', '/CN=authority of a test', '-addext', 'basicConstraints=critical,CA:TRUE'];
  await openssl('req', '-x509', ...newKey, ...authority, '-days', '2', '-keyout', 'ca.key', '-out', 'ca.pem');
  await openssl('req', ...newKey, '-subj', '/CN=127.0.0.1', '-keyout', 'store.key', '-out', 'store.csr');
  writeFileSync(at('names'), 'subjectAltName=DNS:127.0.0.1,IP:127.0.0.1\n');
  const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names', '-days', '2'];
  await openssl('x509', '-req', '-in', 'store.csr', ...signing, '-out', 'store.pem');
  return { ca: at('ca.pem'), certificate: at('store.pem'), key: at('store.key') };
}
