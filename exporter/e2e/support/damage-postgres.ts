import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync, readdirSync, statSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { generate as generateProvisioning } from '@genesis-dr/provisioning';
import { generate as generateRules } from '@genesis-dr/rules';
import { Config } from '../../src/config/index.ts';
import type { CatalogueEntry } from '../../src/contract/backup.ts';
import type { DrillRecord, Operation } from '../../src/contract/operation.ts';
import { archiveCommand } from '../../src/engines/backup/pgbackrest/conf.ts';
import { startGenesis, writeConfig, type Genesis } from './genesis.ts';
import { startCanary, startPostgres, type Canary, type TestServer } from './postgres.ts';
import { tempFolder, waitUntil } from './processes.ts';
import { startPrometheus, writeFiles, type PrometheusServer } from './prometheus.ts';

// A service with pgBackRest and one with pg_dump on one real server, run by `genesis serve` and seen by a real Prometheus with the
// generated rules: what is damaged here has to be told by the product and by the right alert.

export const physical = 'shop-db';
export const logical = 'shop-dump';

/** What a case changes of the configuration. */
export interface Settings {
  /** Folder of the programs of PostgreSQL. */
  readonly bin?: string;
  /** As in the file: space that a drill has to leave free. */
  readonly minFree?: string;
  readonly standbys?: readonly TestServer[];
}

export interface DamageOptions {
  /** Starts Genesis in turn, e.g. where a disk is small; gets the home. */
  readonly launcher?: (home: string) => readonly string[];
  /** Called before anything stands in the repository of pgBackRest. */
  readonly prepare?: (repository: string) => void;
}

export interface DamageBench {
  readonly folder: string;
  readonly home: string;
  readonly server: TestServer;
  readonly canary: Canary;
  readonly genesis: Genesis;
  readonly prometheus: PrometheusServer;
  /** Folder of the repository of pgBackRest. */
  readonly repository: string;
  /** Of the folder that pgBackRest keeps a backup of Genesis in: a full one has a label that ends in F. */
  labels(): readonly string[];
  /** Full paths of the archived segments, oldest first. */
  segments(): readonly string[];
  /** `succeeded`, or the code of the refusal or of the failure. */
  ask(method: string, route: string, body: unknown): Promise<string>;
  backUp(type?: string, service?: string): Promise<CatalogueEntry>;
  /** What the newest drill failed with. */
  why(): Promise<string>;
  /** `succeeded` or the code; where a record was written, it must say the same. */
  drill(body?: unknown, service?: string): Promise<string>;
  catalogue(service?: string): Promise<readonly CatalogueEntry[]>;
  switchWal(): Promise<string>;
  reconfigure(settings: Settings): Promise<void>;
  /** Whether the loaded rule of that name holds now for the service, its waiting time left out. */
  raised(alert: string, service?: string): Promise<boolean>;
  until(alerts: readonly string[], raised: boolean, service?: string): Promise<void>;
  /** What must be the same before and after whatever is done with backups of it. */
  live(): Promise<unknown>;
}

const waitMs = 60_000;

function configuration(bench: { home: string; server: TestServer; folder: string }, settings: Settings = {}) {
  const { server, folder, home } = bench;
  const target = server.target();
  const postgres = {
    host: target.host,
    port: target.port,
    user: target.user,
    data: server.data,
    ...(settings.bin === undefined ? {} : { bin: settings.bin }),
    drill: {
      level: 4,
      canary: { table: 'public.canary', column: 'at' },
      tables: [{ name: 'public.orders', min_rows: 5000 }],
      max_age: '60s',
      min_free: settings.minFree ?? '1MiB',
      variety: 0,
    },
  };
  const standbys = (settings.standbys ?? []).map(({ name, socketFolder, port }) => ({
    name,
    host: socketFolder,
    port,
  }));
  const common = { schedules: { full: null, incremental: null } };
  return {
    cluster: 'e2e',
    services: [
      {
        name: physical,
        backup: {
          engine: 'pgbackrest',
          ...common,
          encryption: { key: `file:${path.join(folder, 'key')}` },
          verify_after: false,
          pgbackrest: { archive_timeout: 20 },
        },
        drills: { schedule: null },
        postgres: { ...postgres, standbys, heartbeat: { interval: '1s' } },
      },
      {
        name: logical,
        backup: { engine: 'pg_dump', ...common, encryption: { key: `file:${path.join(folder, 'key')}` } },
        drills: { schedule: null },
        postgres: { ...postgres, data: null, heartbeat: { enabled: false } },
      },
    ],
    restore: { roots: [path.join(home, 'restores'), path.join(home, 'elsewhere')] },
    api: { requests_per_minute: 1_000_000 },
    collectors: { dr_interval: '1s', wal_interval: '2s', scrape_interval: '1s' },
    rules: { evaluation_interval: '2s' },
  };
}

export const passphrase = 'the right passphrase, long enough';

export async function startDamageBench(options: DamageOptions = {}): Promise<DamageBench> {
  const folder = tempFolder('gdamage-');
  const home = path.join(folder, 'home');
  const repository = path.join(home, 'repositories', physical);
  writeFileSync(path.join(folder, 'key'), `${passphrase}\n`, { mode: 0o600 });
  const server = await startPostgres({
    folder,
    archiveCommand: archiveCommand(path.join(home, 'engines', physical), physical, 'pgbackrest'),
    settings: { archive_timeout: '5' },
  });
  await server.sql('CREATE TABLE orders AS SELECT g AS id, md5(g::text) AS note FROM generate_series(1, 5000) g');
  const canary = await startCanary(server);
  options.prepare?.(repository);
  const raw = configuration({ home, server, folder });
  const launcher = options.launcher?.(home);
  const genesis = await startGenesis({ home, config: raw, ...(launcher === undefined ? {} : { launcher }) });
  const config = Config.parse({ ...raw, api: { listen: new URL(genesis.url).host } });
  const stack = tempFolder('genesis-stack-');
  writeFiles(stack, [...generateRules(config), ...generateProvisioning(config)]);
  const prometheus = await startPrometheus({ configFile: path.join(stack, 'provisioning/generated/prometheus.yml') });
  const bench: DamageBench = {
    folder,
    home,
    server,
    canary,
    genesis,
    prometheus,
    repository,
    labels: () =>
      readdirSync(path.join(repository, 'backup', physical))
        .filter((name) => /^\d{8}-\d{6}F/.test(name))
        .sort(),
    segments: () => segmentsBelow(path.join(repository, 'archive', physical, '15-1')),
    ask: async (method, route, body) => {
      const reply = await genesis.api<Operation & { readonly code?: string }>(method, route, body);
      if (reply.status !== 202) return reply.body.code ?? `${reply.status}`;
      return codeOf(await genesis.waitForOperation(reply.body.id, 120_000));
    },
    backUp: async (type = 'full', service = physical) => {
      const code = await bench.ask('POST', '/backups', { service, type });
      const newest = (await bench.catalogue(service))[0];
      if (code !== 'succeeded' || newest === undefined) throw new Error(`the backup ended with ${code}`);
      return newest;
    },
    drill: async (body = {}, service = physical) => {
      const reply = await genesis.api<Operation & { readonly code?: string }>(
        'POST',
        `/services/${service}/drills`,
        body,
      );
      if (reply.status !== 202) return reply.body.code ?? `${reply.status}`;
      const ended = await genesis.waitForOperation(reply.body.id, 120_000);
      const { items } = (await genesis.api<{ items: readonly DrillRecord[] }>('GET', `/drills?operationId=${ended.id}`))
        .body;
      if (items.some(({ passed }) => passed !== (ended.state === 'succeeded')))
        throw new Error(`the drill ended ${ended.state}, its record says ${JSON.stringify(items)}`);
      return codeOf(ended);
    },
    why: async () => {
      const { items } = (
        await genesis.api<{ items: readonly DrillRecord[] }>('GET', `/drills?service=${physical}&limit=1`)
      ).body;
      return items[0]?.failure?.message ?? '';
    },
    catalogue: async (service = physical) =>
      (await genesis.api<{ items: CatalogueEntry[] }>('GET', `/backups?service=${service}`)).body.items,
    switchWal: () => switchWal(server),
    reconfigure: async (settings) => {
      writeConfig(home, configuration({ home, server, folder }, settings));
      const reply = await fetch(`${genesis.url}/-/reload`, {
        method: 'POST',
        headers: { authorization: `Bearer ${genesis.tokens.admin}` },
      });
      if (!reply.ok) throw new Error(`reload: ${reply.status} ${await reply.text()}`);
    },
    raised: (alert, service = physical) => raised(prometheus, alert, service),
    until: async (alerts, wanted, service = physical) => {
      for (const alert of alerts)
        await waitUntil(
          `${alert} of ${service} is ${wanted ? 'raised' : 'quiet'}`,
          async () => (await raised(prometheus, alert, service)) === wanted,
          { deadlineMs: waitMs, intervalMs: 250, processes: [genesis.process, prometheus.process] },
        );
    },
    live: () => liveFacts(server, canary),
  };
  return bench;
}

function codeOf(ended: Operation): string {
  return ended.state === 'succeeded' ? 'succeeded' : (ended.error?.code ?? ended.state);
}

function segmentsBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\/[0-9A-F]{24}-[0-9a-f]{40}/.test(name))
    .sort()
    .map((name) => path.join(root, name));
}

async function switchWal(server: TestServer): Promise<string> {
  const [row] = await server.sql<{ name: string }>('SELECT pg_walfile_name(pg_current_wal_lsn()) AS name');
  const name = row?.name ?? '';
  await server.sql("SELECT pg_create_restore_point('genesis_switch')");
  await server.sql('SELECT pg_switch_wal()');
  await waitUntil(`${name} is archived`, async () => {
    const [seen] = await server.sql<{ done: boolean }>(
      `SELECT coalesce(last_archived_wal >= '${name}', false) AS done FROM pg_stat_archiver`,
    );
    return seen?.done === true;
  });
  return name;
}

interface LoadedRules {
  readonly groups: readonly { readonly rules: readonly { readonly name: string; readonly query: string }[] }[];
}

async function raised(prometheus: PrometheusServer, alert: string, service: string): Promise<boolean> {
  const { groups } = await prometheus.api<LoadedRules>('/api/v1/rules?type=alert');
  const rule = groups.flatMap(({ rules }) => rules).find(({ name }) => name === alert);
  if (rule === undefined) throw new Error(`no rule ${alert} is loaded`);
  return (await prometheus.query(rule.query)).some(({ metric }) => metric['service'] === service);
}

/** Its identity, what it was started as and all that it holds; rows of the canary that were acknowledged and are not there. */
async function liveFacts(server: TestServer, canary: Canary): Promise<unknown> {
  const until = canary.acknowledged.length;
  const [facts] = await server.sql(
    `SELECT (SELECT system_identifier::text FROM pg_control_system()) AS system, pg_postmaster_start_time()::text AS started,
            (SELECT timeline_id FROM pg_control_checkpoint()) AS timeline, pg_is_in_recovery() AS standby,
            (SELECT count(*) || md5(string_agg(o::text, ',' ORDER BY id)) FROM orders o) AS orders,
            (SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database) AS databases,
            (SELECT count(*)::int FROM pg_replication_slots) AS slots`,
  );
  const rows = await server.sql<{ id: string }>('SELECT id::text AS id FROM canary');
  const there = new Set(rows.map(({ id }) => Number(id)));
  return { ...facts, lost: canary.acknowledged.slice(0, until).filter(({ id }) => !there.has(id)) };
}

/** Of every file below a folder: what must not change while something else is damaged. */
export function fingerprint(folder: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const file = path.join(folder, name);
    hash.update(`${name}\n`);
    if (statSync(file).isFile()) hash.update(readFileSync(file));
  }
  return hash.digest('hex');
}

/** Turns the bytes in the middle of a file round; gives back what puts it right. */
export function scramble(file: string): () => void {
  const sound = readFileSync(file);
  const at = Math.floor(sound.length / 2);
  const fd = openSync(file, 'r+');
  const bytes = Buffer.alloc(4);
  readSync(fd, bytes, 0, 4, at);
  writeSync(fd, Buffer.from(bytes.map((byte) => byte ^ 0xff)), 0, 4, at);
  closeSync(fd);
  return () => writeFileSync(file, sound);
}

/** The largest file below a folder. */
export function largest(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(folder, name))
    .filter((file) => statSync(file).isFile())
    .sort((a, b) => statSync(b).size - statSync(a).size);
  if (files[0] === undefined) throw new Error(`${folder} is empty`);
  return files[0];
}
