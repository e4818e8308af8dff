import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { generate as generateDashboards } from '@genesis-dr/dashboards';
import { generate as generateProvisioning } from '@genesis-dr/provisioning';
import { generate as generateRules } from '@genesis-dr/rules';
import { Config } from '../src/config/index.ts';
import type { CatalogueEntry } from '../src/contract/backup.ts';
import type { DrillRecord, Operation } from '../src/contract/operation.ts';
import type { RecoverableReply } from '../src/contract/page-replies.ts';
import type { QualityReport } from '../src/contract/quality.ts';
import type { ServiceSnapshot } from '../src/contract/snapshot.ts';
import { archiveCommand } from '../src/engines/backup/pgbackrest/conf.ts';
import { startGenesis, type Genesis } from './support/genesis.ts';
import { askPanels, faultsOf, readBoards } from './support/panels.ts';
import {
  asUser,
  startCanary,
  startPostgres,
  startStandby,
  stopServers,
  type Canary,
  type TestServer,
} from './support/postgres.ts';
import { startPrometheus, writeFiles } from './support/prometheus.ts';
import { checkout, cleanUp, run, sleep, tempFolder, waitUntil } from './support/processes.ts';

const ofDatabases =
  /genesis_(health_|database_|wal_|recovery_window_|data_quality_|privacy_risk_|statistical_divergence|replication_)/;

/** Queries that rightly have no data here, with the reason. */
const rightlyEmpty: Readonly<Record<string, string>> = {
  'replication/Each standby: Room of its slot': 'max_slot_wal_keep_size is not set: a slot has no bound',
  'replication/Oldest transaction: {{service}}': 'none may be open at the moment of a reading',
  'replication/Slowest query: {{service}}': 'pg_stat_statements is not loaded',
  'replication/Write, flush and replay as the primary measures them: {{service}} written': 'null while nothing waits',
  'replication/Write, flush and replay as the primary measures them: target {{service}} on disk': 'the same',
  'replication/Write, flush and replay as the primary measures them: target {{service}} replayed': 'the same',
  'replication/Mean copy time: {{service}} {{replica}}': 'the copy was made before Prometheus began to read',
  'data-quality/Highest privacy risk: risk': 'no column is said to be sensitive',
  'data-quality/Privacy risk: {{service}}': 'the same',
  'data-quality/Quality of each service: Privacy risk': 'the same',
};

// A service with a real PostgreSQL from the outside: through API and command line, as a team would use it.

describe('a PostgreSQL service', () => {
  let folder: string;
  let home: string;
  let primary: TestServer;
  let standby: TestServer;
  let canary: Canary;
  let genesis: Genesis;
  const service = 'shop-db';

  const act = async (method: string, route: string, body: unknown): Promise<Operation> => {
    // The scheduler brings the second repository up to date by itself and holds the service meanwhile.
    const reply = await waitUntil('the service is free', async () => {
      const answer = await genesis.api<Operation>(method, route, body);
      return answer.status === 409 && answer.text.includes('operation_conflict') ? undefined : answer;
    });
    if (reply.status !== 202) throw new Error(`${reply.status}: ${reply.text}`);
    const ended = await genesis.waitForOperation(reply.body.id, 120_000);
    if (ended.state !== 'succeeded')
      throw new Error(JSON.stringify({ error: ended.error, steps: ended.steps }, null, 1));
    return ended;
  };
  const backUp = (type: string) => act('POST', '/backups', { service, type });
  const facts = async (): Promise<ServiceSnapshot> =>
    (await genesis.api<ServiceSnapshot>('GET', `/services/${service}`)).body;
  const cli = (...args: string[]) =>
    run({
      name: 'genesis',
      file: process.execPath,
      args: [path.join(checkout, 'exporter/src/main.ts'), ...args],
      env: { GENESIS_HOME: home },
      deadlineMs: 120_000,
    });

  beforeAll(async () => {
    folder = tempFolder('genesis-shop-');
    home = path.join(folder, 'home');
    primary = await startPostgres({
      folder,
      archiveCommand: archiveCommand(path.join(home, 'engines', service), service, 'pgbackrest'),
      settings: { archive_timeout: '5' },
    });
    standby = await startStandby(primary, { name: 'standby-1', slot: 'standby_1' });
    canary = await startCanary(primary);
    const target = primary.target([standby]);
    genesis = await startGenesis({
      home,
      config: {
        collectors: { dr_interval: '2s', wal_interval: '3s' },
        services: [
          {
            name: service,
            backup: {
              engine: 'pgbackrest',
              schedules: { full: null, incremental: null },
            },
            copies: [{ name: 'second-disk', path: path.join(folder, 'second') }],
            drills: { schedule: null },
            postgres: {
              host: target.host,
              port: target.port,
              user: target.user,
              data: primary.data,
              heartbeat: { interval: '1s' },
              standbys: [{ name: 'standby-1', host: standby.socketFolder, port: standby.port }],
              drill: { level: 5 },
            },
            quality: { enabled: true },
            health: {
              interval: '1s',
              checks: [
                { name: 'database', kind: 'postgres' },
                { name: 'disk', kind: 'disk', disk: { path: folder, min_free: 0.001, warn_free: 0.002 } },
              ],
            },
          },
        ],
      },
    });
  }, 120_000);

  afterAll(async () => {
    await canary?.stop();
    await genesis?.stop();
    await stopServers();
    await cleanUp();
  });

  it('backs up full, differential and incremental, and lists what pgBackRest holds', async () => {
    for (const type of ['full', 'differential', 'incremental']) await backUp(type);
    const { body } = await genesis.api<{ items: readonly CatalogueEntry[] }>('GET', `/backups?service=${service}`);
    const own = body.items.filter(({ copies }) => copies.length === 0);

    expect(own.map(({ type }) => type)).toEqual(['incremental', 'differential', 'full']);
    expect(own.every(({ verifyResult }) => verifyResult === 'passed')).toBe(true);
  });

  it('sees the standby stream, the heartbeat and a window that grows', async () => {
    const seen = await waitUntil('the window and the standby are seen', async () => {
      const { replication, pitr } = await facts();
      const isSeen =
        replication?.known === true &&
        replication.value.replicas[0]?.state === 'streaming' &&
        pitr?.known === true &&
        pitr.value.windows.length > 0;
      return isSeen ? { replication: replication.value, pitr: pitr.value } : undefined;
    });

    expect(seen.replication).toMatchObject({ isPrimary: true, heartbeatProblem: null });
    expect(seen.replication.replicas[0]).toMatchObject({ name: 'standby-1', connected: true });
    expect(seen.replication.replicas[0]?.lagSeconds).toBeLessThan(10);
    expect(seen.pitr.gaps).toEqual([]);
  });

  it('brings back a second that was asked for, with the command line', async () => {
    await sleep(4000);
    const wanted = new Date(Math.floor(Date.now() / 1000) * 1000 - 2000).toISOString();
    await waitUntil(
      'the window reaches that second',
      async () => {
        const { body } = await genesis.api<RecoverableReply>('GET', `/services/${service}/recoverable`);
        return (body.pitr?.newestRestorableAt ?? '') > new Date(Date.parse(wanted) + 3000).toISOString() || undefined;
      },
      { deadlineMs: 60_000 },
    );
    const target = path.join(home, 'restores', 'wanted');
    const done = await cli('restore', '--service', service, '--to-time', wanted, '--to', target, '--wait');

    expect(done).toMatchObject({ exitCode: 0 });
    const newest = newestCanary(path.join(target, 'cluster'));
    const expected = canary.acknowledged.filter(({ at }) => at <= Date.parse(wanted)).at(-1)?.at ?? 0;
    expect(newest).toBeLessThanOrEqual(Date.parse(wanted));
    expect(newest).toBeGreaterThanOrEqual(expected - 1000);
  });

  it('refuses a second after the end of the archive before anything is touched', async () => {
    const at = new Date(Date.now() + 3_600_000).toISOString();
    const { body } = await genesis.api<{ items: readonly { id: string }[] }>('GET', `/backups?service=${service}`);
    const plan = await genesis.api<{ blockers: readonly { code: string }[] }>(
      'POST',
      `/backups/${body.items[0]?.id}/restore`,
      { target: { kind: 'folder' }, recovery: { type: 'time', at }, dryRun: true },
    );

    expect(plan.body.blockers.map(({ code }) => code)).toEqual(['recovery_target_unreachable']);
  });

  it('proves on data that the newest state comes back', async () => {
    const ended = await act('POST', `/services/${service}/drills`, {});
    const { body } = await genesis.api<{ items: readonly DrillRecord[] }>('GET', `/drills?operationId=${ended.id}`);
    const [drill] = body.items;

    expect(drill?.levels.map(({ level, result }) => [level, result])).toEqual([
      [1, 'passed'],
      [2, 'passed'],
      [3, 'passed'],
      [4, 'passed'],
      [5, 'passed'],
    ]);
    expect(drill?.rtoSeconds).toBeGreaterThan(0);
    expect(drill?.rpoSeconds).toBeLessThan(60);
    const reports = await genesis.api<{ items: readonly QualityReport[] }>('GET', `/services/${service}/quality`);
    expect(reports.body.items[0]).toMatchObject({ id: drill?.qualityId, drillId: drill?.id, against: 'source' });
  });

  it('backs up into the second repository by itself, when nothing else writes', async () => {
    // A whole backup into it, after whatever runs: a busy machine takes its time.
    const copies = await waitUntil(
      'the copy is up to date',
      async () => {
        const [copy] = (await facts()).copies;
        if (copy?.facts.known === true && copy.facts.value.queue === 0) return copy.facts.value;
        const { body } = await genesis.api('GET', '/operations?limit=5');
        throw new Error(`${JSON.stringify(copy)}; the last operations: ${JSON.stringify(body)}`);
      },
      { processes: [genesis.process], deadlineMs: 90_000 },
    );
    const { body } = await genesis.api<{ items: readonly { copies: readonly string[] }[] }>(
      'GET',
      `/backups?service=${service}`,
    );
    const failed = await genesis.api<{ items: readonly { error: unknown; steps: unknown }[] }>(
      'GET',
      '/operations?kind=copy&state=failed',
    );

    expect(copies.newestBackupEndedAt).not.toBeNull();
    expect(body.items.map((entry) => entry.copies.join()).sort()).toContain('second-disk');
    expect(failed.body.items).toEqual([]);
  });

  it('fills the panels of databases, health and data quality', async () => {
    const config = Config.parse({
      ...parse(readFileSync(path.join(home, 'genesis.yaml'), 'utf8')),
      api: { listen: new URL(genesis.url).host },
      collectors: { scrape_interval: '1s' },
      rules: { evaluation_interval: '1s' },
    });
    const stack = tempFolder('genesis-stack-');
    writeFiles(stack, [...generateRules(config), ...generateProvisioning(config, { alertmanagers: [] })]);
    const configFile = path.join(stack, 'provisioning/generated/prometheus.yml');
    const prometheus = await startPrometheus({ configFile });
    await waitUntil(
      'prometheus has read the figures often enough for rates',
      async () => Number((await prometheus.query('min(count_over_time(genesis_database_up[1m]))'))[0]?.value) >= 8,
      { processes: [prometheus.process, genesis.process], deadlineMs: 60_000 },
    );
    const boards = readBoards(generateDashboards(config));
    const asked = await askPanels(prometheus, boards, {
      cluster: config.cluster,
      region: 'local',
      service,
      metric: 'genesis_system_cpu_usage_ratio',
      interval: '1m',
    });
    const answers = asked.filter(
      ({ name, expr }) => /^(replication|data-quality|dr-overview)\//.test(name) && ofDatabases.test(expr),
    );
    const empty = answers.filter(({ name, series }) => series.length === 0 && rightlyEmpty[name] === undefined);

    expect(answers.filter(({ error }) => error !== null)).toEqual([]);
    expect(empty.map(({ name, expr }) => `${name}  ${expr}`)).toEqual([]);
    expect(faultsOf(answers)).toEqual([]);
  });

  /** Single-user mode: no port, nothing to wait for; the restored cluster was stopped cleanly. */
  function newestCanary(data: string): number {
    const [file, args] = asUser(primary.asOwner, path.join(primary.bin, 'postgres'), [
      '--single',
      '-D',
      data,
      '-c',
      'archive_mode=off',
      'postgres',
    ]);
    const input = 'SELECT (extract(epoch FROM max(at)) * 1000)::bigint FROM canary\n';
    const text = execFileSync(file, args, { input, encoding: 'utf8', cwd: '/', stdio: ['pipe', 'pipe', 'pipe'] });
    return Number(/= "(\d+)"/.exec(text)?.[1]);
  }
});
