import fc from 'fast-check';
import { OpError } from '../contract/errors.ts';
import { metricCatalogue } from '../contract/metrics/index.ts';
import { known, unknown } from '../contract/observed.ts';
import { ago, newestBackup, serviceWith, snapshotWith, testNow } from '../contract/testing.ts';
import { createTestPage, parsePage, valuesOf } from './testing.ts';

const unreadable = new OpError('repository_unreadable', 'the folder is not mounted');
const later = (seconds: number): Date => new Date(+testNow + seconds * 1000);

describe('metrics page', () => {
  it('shows HELP and TYPE of every family, also of those without samples and before the first reading', async () => {
    for (const snapshot of [null, snapshotWith()]) {
      const { heads } = await createTestPage().parsed(snapshot, testNow);

      expect([...heads.keys()].sort()).toEqual(Object.keys(metricCatalogue).sort());
      for (const [name, family] of Object.entries(metricCatalogue))
        expect([name, heads.get(name)?.type]).toEqual([name, family.type]);
    }
  });

  it('has samples of failover and health checks for no service that has none', async () => {
    const page = createTestPage();
    page.counters.initialise([serviceWith()]);

    const parsed = await page.parsed(snapshotWith(), testNow);

    expect(valuesOf(parsed, 'genesis_failover_total')).toEqual([]);
    expect(valuesOf(parsed, 'genesis_health_check_failures')).toEqual([]);
  });

  it('labels every genesis series exactly as the catalogue says', async () => {
    const page = createTestPage();
    page.counters.initialise([serviceWith()]);
    page.counters.countRequest({ method: 'GET', route: '/api/v1/me', status: '200' }, 0.01);

    const { samples } = await page.parsed(snapshotWith(), testNow);

    expect(samples.length).toBeGreaterThan(200);
    for (const sample of samples.filter((s) => s.name.startsWith('genesis_'))) {
      const family = Object.entries(metricCatalogue).find(
        ([name]) => sample.name.replace(/_(bucket|sum|count)$/, '') === name || sample.name === name,
      );
      const labels = Object.keys(sample.labels).filter((label) => label !== 'le');
      expect([sample.name, labels.sort()]).toEqual([sample.name, [...(family?.[1].labels ?? [])].sort()]);
      expect(sample.labels['cluster']).toBe('test');
    }
  });

  it('computes ages at the scrape, not at the reading', async () => {
    const page = createTestPage();
    const snapshot = snapshotWith();

    const first = await page.parsed(snapshot, testNow);
    const second = await page.parsed(snapshot, later(7));

    expect(valuesOf(first, 'genesis_backup_age_seconds')).toEqual([1800]);
    expect(valuesOf(second, 'genesis_backup_age_seconds')).toEqual([1807]);
    expect(valuesOf(second, 'genesis_backup_age_hours')).toEqual([1807 / 3600]);
    expect(valuesOf(second, 'genesis_rpo_seconds')).toEqual([1817]);
    expect(valuesOf(second, 'genesis_rpo_minutes')).toEqual([1817 / 60]);
    expect(valuesOf(second, 'genesis_backup_next_in_seconds', { backup_type: 'incremental' })).toEqual([593]);
  });

  it('keeps facts with a time over a failed read, and drops the levels', async () => {
    const page = createTestPage();
    const service = serviceWith();
    const blind = serviceWith({
      backups: unknown(ago(0), unreadable),
      repository: unknown(ago(0), unreadable),
      drills: unknown(ago(0), unreadable),
      rpoSeconds: unknown(ago(0), unreadable),
      copies: service.copies.map((c) => ({ ...c, facts: unknown(ago(0), unreadable) })),
    });

    page.page.observe(snapshotWith({ services: [service] }));
    const parsed = await page.parsed(snapshotWith({ services: [blind] }), testNow);

    expect(valuesOf(parsed, 'genesis_backup_last_success_timestamp_seconds', { backup_type: 'incremental' })).toEqual([
      Date.parse(newestBackup.endedAt) / 1000,
    ]);
    expect(valuesOf(parsed, 'genesis_dr_test_last_run_timestamp')).toEqual([Date.parse(ago(7200)) / 1000]);
    expect(valuesOf(parsed, 'genesis_backup_last_status', { backup_type: 'full' })).toEqual([1]);
    expect(valuesOf(parsed, 'genesis_replication_newest_backup_timestamp_seconds')).toHaveLength(1);
    for (const level of [
      'genesis_backup_age_seconds',
      'genesis_backups',
      'genesis_replication_lag_seconds',
      'genesis_replication_connected',
      'genesis_rpo_seconds',
      'genesis_backup_repository_free_bytes',
    ]) {
      expect([level, valuesOf(parsed, level)]).toEqual([level, []]);
    }
    expect(valuesOf(parsed, 'genesis_service_up')).toEqual([0]);
  });

  it('drops levels when their reading is older than three intervals, and keeps the facts', async () => {
    const page = createTestPage();

    const young = await page.parsed(snapshotWith(), later(28));
    const old = await page.parsed(snapshotWith(), later(29));

    const levels = [
      'genesis_dr_readiness_score',
      'genesis_dr_component_score',
      'genesis_replication_lag_seconds',
      'genesis_replication_queue_size',
      'genesis_replication_connected',
      'genesis_backup_age_hours',
      'genesis_service_up',
      'genesis_system_load1',
      'genesis_rto_seconds',
    ];
    for (const level of levels) {
      expect([level, valuesOf(young, level).length > 0]).toEqual([level, true]);
      expect([level, valuesOf(old, level)]).toEqual([level, []]);
    }
    expect(valuesOf(old, 'genesis_backup_last_success_timestamp_seconds')).toHaveLength(2);
    expect(valuesOf(old, 'genesis_service_info')).toEqual([1]);
  });

  it('has no sample for what never happened', async () => {
    const never = serviceWith({
      backups: known(ago(1), {
        byType: [{ type: 'full', lastSuccess: null, lastAttempt: null, baselineBytes: null }],
        newest: null,
        newestVerifiedAt: null,
        oldestStartedAt: null,
        count: 0,
        storedBytes: 0,
        newestVerifyFailed: false,
      }),
      drills: known(ago(1), {
        lastRunAt: null,
        lastPassed: null,
        lastPassedAt: null,
        lastRtoSeconds: null,
        lastRpoSeconds: null,
        successRatio: null,
      }),
      rpoSeconds: known(ago(1), null),
      rtoSeconds: known(ago(1), null),
    });

    const parsed = await createTestPage().parsed(snapshotWith({ services: [never] }), testNow);

    for (const name of [
      'genesis_backup_last_success_timestamp_seconds',
      'genesis_backup_last_verified_timestamp_seconds',
      'genesis_backup_age_hours',
      'genesis_backup_last_status',
      'genesis_dr_test_last_run_timestamp',
      'genesis_dr_test_success_rate',
      'genesis_dr_test_last_status',
      'genesis_rpo_minutes',
      'genesis_rto_minutes',
    ]) {
      expect([name, valuesOf(parsed, name)]).toEqual([name, []]);
    }
    expect(valuesOf(parsed, 'genesis_backups')).toEqual([0]);
  });

  it('never says that a disconnected copy lacks nothing', async () => {
    const copy = (lagSeconds: number, queue: number) => ({
      name: 'second',
      path: '/mnt',
      facts: known(ago(1), {
        connected: false,
        lagSeconds,
        queue,
        newestBackupEndedAt: null,
        freeBytes: 0,
        sameDisk: false,
      }),
    });

    const page = createTestPage();
    const quiet = await page.parsed(snapshotWith({ services: [serviceWith({ copies: [copy(0, 0)] })] }), testNow);
    const behind = await page.parsed(snapshotWith({ services: [serviceWith({ copies: [copy(900, 2)] })] }), testNow);

    expect(valuesOf(quiet, 'genesis_replication_connected', { replica: 'second' })).toEqual([0]);
    expect(valuesOf(quiet, 'genesis_replication_lag_seconds')).toEqual([]);
    expect(valuesOf(quiet, 'genesis_replication_queue_size')).toEqual([]);
    expect(valuesOf(quiet, 'genesis_replication_free_bytes')).toEqual([]);
    expect(valuesOf(quiet, 'genesis_replication_synced')).toEqual([0]);
    expect(valuesOf(behind, 'genesis_replication_lag_seconds')).toEqual([900]);
  });

  it('drops the series of removed services and follows changed labels', async () => {
    const page = createTestPage();
    const both = snapshotWith({ services: [serviceWith({ name: 'a' }), serviceWith({ name: 'b' })] });
    page.counters.initialise(both.services);
    await page.parsed(both, testNow);
    const moved = snapshotWith({ services: [serviceWith({ name: 'a', region: 'north', tier: 'gold' })] });
    page.counters.initialise(moved.services);

    const { samples } = await page.parsed(moved, testNow);

    expect(samples.filter((s) => s.labels['service'] === 'b')).toEqual([]);
    expect(samples.filter((s) => s.labels['service'] === 'a' && s.labels['region'] !== 'north')).toEqual([]);
    expect(samples.find((s) => s.name === 'genesis_service_info')?.labels['tier']).toBe('gold');
  });

  it('shows lost countdowns and the pause while a service is paused', async () => {
    const service = serviceWith();
    const paused = serviceWith({
      pause: { service: 'files', by: 'ann', reason: 'disk swap', since: ago(60), until: ago(-600) },
      schedules: service.schedules.map((s) => ({ ...s, nextAt: null })),
    });

    const parsed = await createTestPage().parsed(snapshotWith({ services: [paused] }), testNow);

    expect(valuesOf(parsed, 'genesis_service_paused')).toEqual([1]);
    expect(valuesOf(parsed, 'genesis_backup_next_scheduled_timestamp_seconds')).toEqual([]);
    expect(valuesOf(parsed, 'genesis_backup_schedule_interval_seconds')).toHaveLength(2);
  });

  it('publishes every objective under its key', async () => {
    const parsed = await createTestPage().parsed(snapshotWith(), testNow);

    const bySla = Object.fromEntries(
      parsed.samples.filter((s) => s.name === 'genesis_sla_threshold').map((s) => [s.labels['sla'], s.value]),
    );
    expect(bySla).toEqual(serviceWith().objectives);
  });

  it('parses for any label text and any number', async () => {
    const text = fc.string({ unit: 'grapheme', minLength: 0, maxLength: 20 });
    const number = fc.oneof(fc.double(), fc.double({ noNaN: true, min: 0 }), fc.integer());
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(text, { minLength: 1, maxLength: 4 }),
        text,
        text,
        number,
        number,
        async (names, region, copy, a, b) => {
          const services = names.map((name) =>
            serviceWith({
              name,
              region,
              tier: copy,
              copies: [
                {
                  name: copy,
                  path: '/x',
                  facts: known(ago(1), {
                    connected: true,
                    lagSeconds: a,
                    queue: b,
                    newestBackupEndedAt: null,
                    freeBytes: a,
                    sameDisk: false,
                  }),
                },
              ],
            }),
          );
          const page = createTestPage(region);
          page.counters.initialise(services);

          const parsed = await page.parsed(snapshotWith({ services, cluster: region }), testNow);

          expect(
            new Set(parsed.samples.filter((s) => s.name === 'genesis_service_info').map((s) => s.labels['service'])),
          ).toEqual(new Set(names));
          expect(valuesOf(parsed, 'genesis_replication_lag_seconds')).toEqual(
            // The text knows no negative zero.
            Number.isFinite(a) ? names.map(() => a + 0) : [],
          );
          expect(valuesOf(parsed, 'genesis_backup_total', { replica: copy })).toEqual([]);
        },
      ),
      { numRuns: 25 },
    );
  }, 30_000);

  it('comes in pieces between which other work runs, and stops when the reader is gone', async () => {
    const services = Array.from({ length: 500 }, (_, i) => serviceWith({ name: `s${i}` }));
    const page = createTestPage();
    let turns = 0;
    let chunks = 0;
    const count = setImmediate(function again() {
      turns += 1;
      pending = setImmediate(again);
    });
    let pending = count;

    const written: Buffer[] = [];
    await page.page.render(snapshotWith({ services }), testNow, (chunk) => {
      chunks += 1;
      return written.push(chunk) > 0;
    });
    const text = Buffer.concat(written).toString();
    const turnsOfWhole = turns;
    let taken = 0;
    await page.page.render(snapshotWith({ services }), testNow, () => {
      taken += 1;
      return taken < 3;
    });
    clearImmediate(pending);

    expect(parsePage(text).samples.length).toBeGreaterThan(15_000);
    expect(chunks).toBeGreaterThan(10);
    expect(text.length / turnsOfWhole).toBeLessThan(300_000); // about two milliseconds of work between two turns
    expect(taken).toBe(3);
  });

  it('gives the same page to two readers at the same time', async () => {
    const services = Array.from({ length: 200 }, (_, i) => serviceWith({ name: `s${i}` }));
    const page = createTestPage();
    page.counters.initialise(services);
    const genesisOnly = (text: string): string =>
      text
        .split('\n')
        .filter((line) => line.startsWith('genesis_'))
        .join('\n');

    const [one, two] = await Promise.all([
      page.text(snapshotWith({ services }), testNow),
      page.text(snapshotWith({ services }), testNow),
    ]);

    expect(genesisOnly(one) === genesisOnly(two)).toBe(true);
    expect(parsePage(one).samples.length).toBeGreaterThan(10_000);
  });
});
