import { documentedMetrics } from '../src/contract/testing.ts';
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { metricCatalogue, type Family } from '../src/contract/metrics/index.ts';
import { namesFixedByTheDocuments } from '../src/metrics/reference.ts';
import { backUp, perform } from './support/actions.ts';
import { startGenesis, writeConfig, type Genesis } from './support/genesis.ts';
import { metric, metricsOf, readinessCheck, readinessOf } from './support/metrics.ts';
import { cleanUp, sleep, tempFolder, waitUntil } from './support/processes.ts';

const base = tempFolder('genesis-metrics-');
const copy = path.join(base, 'copy');

function service(name: string): Record<string, unknown> {
  const data = path.join(base, name);
  mkdirSync(data, { recursive: true });
  writeFileSync(path.join(data, 'order.json'), '{}');
  return {
    name,
    backup: { components: { data: { paths: [data] } }, schedules: { full: null, incremental: null } },
    drills: { schedule: null },
    copies: [{ name: 'nas', path: copy, offsite: true }],
  };
}

function configuration(names: readonly string[]): Record<string, unknown> {
  return { cluster: 'e2e', services: names.map(service), collectors: { dr_interval: '1s' } };
}

describe('the metrics page of a running server', () => {
  let genesis: Genesis;

  beforeAll(async () => {
    genesis = await startGenesis({ config: configuration(['shop', 'blog']) });
    await waitUntil('the first observation has ended', async () => (await genesis.get('/readyz')).status === 200);
  }, 90_000);

  afterAll(cleanUp, 60_000);

  const watched = () => ({ processes: [genesis.process], deadlineMs: 20_000 });
  const reloaded = (value: number) =>
    waitUntil(
      `genesis_config_last_reload_successful is ${value}`,
      async () => (await metric(genesis, 'genesis_config_last_reload_successful'))[0] === value,
      watched(),
    );

  it('heads every family before anything was ever backed up, and no fact is invented', async () => {
    const page = await metricsOf(genesis);
    const types = Object.fromEntries([...page.heads].map(([name, { type }]) => [name, type]));

    expect(types).toMatchObject(documentedMetrics);
    expect(Object.keys(types).sort()).toEqual(Object.keys(metricCatalogue).sort());
    for (const [name, { help }] of page.heads) expect([name, help.length > 10]).toEqual([name, true]);
    const invented = [
      'genesis_backup_size_bytes',
      'genesis_backup_age_hours',
      'genesis_rpo_minutes',
      'genesis_rto_minutes',
      'genesis_dr_test_success_rate',
      'genesis_dr_test_last_run_timestamp',
      'genesis_backup_last_success_timestamp_seconds',
    ];
    expect(page.samples.filter((sample) => invented.includes(sample.name))).toEqual([]);
    // Counters begin at 0, so that the first increase is seen.
    expect(
      await metric(genesis, 'genesis_backup_total', { service: 'shop', result: 'success', backup_type: 'full' }),
    ).toEqual([0]);
  });

  it('counts and measures real operations, with the bounded labels only', async () => {
    for (const name of ['shop', 'blog']) await backUp(genesis, 'full', name);
    expect(await perform(genesis, 'POST', '/services/shop/drills', {})).toMatchObject({ state: 'succeeded' });
    await waitUntil(
      'the copy is connected and complete',
      async () => {
        const connected = await metric(genesis, 'genesis_replication_connected', { service: 'shop' });
        const queue = await metric(genesis, 'genesis_replication_queue_size', { service: 'shop' });
        return connected[0] === 1 && queue[0] === 0;
      },
      watched(),
    );

    expect(
      await metric(genesis, 'genesis_backup_total', { service: 'shop', result: 'success', backup_type: 'full' }),
    ).toEqual([1]);
    expect(await metric(genesis, 'genesis_dr_test_total', { service: 'shop', result: 'success' })).toEqual([1]);
    expect(await metric(genesis, 'genesis_replication_lag_seconds', { service: 'shop', replica: 'nas' })).toEqual([0]);
    const [age = NaN] = await metric(genesis, 'genesis_backup_age_hours', { service: 'shop' });
    expect(age).toBeGreaterThan(0);
    expect(age).toBeLessThan(0.05);
    const families: Readonly<Record<string, Family>> = metricCatalogue;
    const { samples, heads } = await metricsOf(genesis);
    for (const sample of samples.filter((s) => s.name.startsWith('genesis_'))) {
      const family = families[sample.name] ?? families[sample.name.replace(/_(bucket|sum|count)$/, '')];
      const allowed = [...(family?.labels ?? []), 'le'];
      expect([sample.name, Object.keys(sample.labels).filter((label) => !allowed.includes(label))]).toEqual([
        sample.name,
        [],
      ]);
      expect([sample.name, sample.labels['cluster']]).toEqual([sample.name, 'e2e']);
    }
    expect(heads.size).toBeGreaterThan(60);
  }, 90_000);

  it('is what promtool accepts, but for the names that the source documents fixed', async () => {
    const page = await genesis.get('/metrics');
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: page.text, encoding: 'utf8' });
    if (checked.error !== undefined)
      throw new Error('promtool is missing: install the Debian package prometheus', { cause: checked.error });

    const findings = checked.stderr.split('\n').filter((line) => line !== '');
    expect(page.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    // It looks at families with samples only: checks of health come with a later engine.
    const named = [...new Set(findings.map((line) => line.split(' ')[0]))].sort();
    expect(named).toEqual(namesFixedByTheDocuments.filter((name) => name !== 'genesis_health_check_failures').sort());
  });

  it('shows a lost copy as disconnected: no lag at all instead of 0, and readiness drops', async () => {
    const ready = (await readinessOf(genesis)).score;
    expect(await readinessCheck(genesis, 'copies_current')).toMatchObject({ result: 'passed' });
    const facts = await metric(genesis, 'genesis_backup_last_success_timestamp_seconds', { service: 'shop' });
    expect(facts.length).toBeGreaterThan(0);

    renameSync(copy, `${copy}-away`);

    await waitUntil(
      'the copy is disconnected',
      async () => (await metric(genesis, 'genesis_replication_connected', { service: 'shop' }))[0] === 0,
      watched(),
    );
    const page = await metricsOf(genesis);
    const levels = page.samples.filter(
      (s) =>
        s.labels['service'] === 'shop' &&
        ['genesis_replication_lag_seconds', 'genesis_replication_queue_size'].includes(s.name),
    );
    expect(levels).toEqual([]);
    expect((await readinessOf(genesis)).score).toBeLessThan(ready);
    expect(await readinessCheck(genesis, 'copies_current')).toMatchObject({
      result: 'failed',
      evidence: expect.stringContaining('nas'),
    });
    expect(await metric(genesis, 'genesis_backup_last_success_timestamp_seconds', { service: 'shop' })).toEqual(facts);
    const [score = NaN] = await metric(genesis, 'genesis_dr_readiness_score', { service: 'shop' });
    expect(score).toBeLessThan(ready);
    expect(score).toBeCloseTo((await readinessOf(genesis)).score, 6);

    // Nothing was written to where the mount was: the copy would seem to be back, and be empty.
    await backUp(genesis, 'incremental');
    await sleep(2_000);
    expect(await metric(genesis, 'genesis_replication_connected', { service: 'shop' })).toEqual([0]);

    renameSync(`${copy}-away`, copy);
    await waitUntil(
      'the copy catches up',
      async () => (await metric(genesis, 'genesis_replication_queue_size', { service: 'shop' }))[0] === 0,
      { ...watched(), deadlineMs: 80_000 },
    );
    expect(await metric(genesis, 'genesis_replication_connected', { service: 'shop' })).toEqual([1]);
  }, 150_000);

  it('keeps the old configuration when the new file is bad, says so, and takes a mended one', async () => {
    writeConfig(genesis.home, 'services: [{ name: shop, bakup: {} }]\n');
    const reload = await fetch(`${genesis.url}/-/reload`, {
      method: 'POST',
      headers: { authorization: `Bearer ${genesis.tokens.admin}`, 'content-type': 'application/json' },
      body: '{}',
    });

    expect([reload.status, ((await reload.json()) as { code: string }).code]).toEqual([422, 'config_invalid']);
    await reloaded(0);
    expect(await metric(genesis, 'genesis_dr_readiness_score', { service: 'blog' })).toHaveLength(1);
    expect(await readinessCheck(genesis, 'config_ok')).toMatchObject({ result: 'failed' });
    await backUp(genesis, 'incremental');

    writeConfig(genesis.home, configuration(['shop', 'blog']));
    process.kill(genesis.pid, 'SIGHUP');
    await reloaded(1);
  }, 60_000);

  it('forgets a service that left the configuration, and all its series, on SIGHUP', async () => {
    const seriesOf = async (name: string) =>
      (await metricsOf(genesis)).samples.filter((sample) => sample.labels['service'] === name);
    expect((await seriesOf('blog')).length).toBeGreaterThan(50);
    // A level may come and go with its reading; what was counted never does.
    const countsOfShop = async () =>
      (await seriesOf('shop'))
        .filter(({ name }) => /_(total|count|failures)$/.test(name))
        .map(({ name, labels }) => JSON.stringify([name, labels]));
    const others = await countsOfShop();

    writeConfig(genesis.home, configuration(['shop']));
    process.kill(genesis.pid, 'SIGHUP');

    await waitUntil('the series of blog vanish', async () => (await seriesOf('blog')).length === 0, watched());
    expect(await countsOfShop()).toEqual(others);

    // When it comes back, its counters go on where they were.
    writeConfig(genesis.home, configuration(['shop', 'blog']));
    process.kill(genesis.pid, 'SIGHUP');
    await waitUntil(
      'blog is counted again',
      async () =>
        (
          await metric(genesis, 'genesis_backup_total', { service: 'blog', result: 'success', backup_type: 'full' })
        )[0] === 1,
      watched(),
    );
  }, 60_000);
});
