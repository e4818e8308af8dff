import { serviceWith, snapshotWith, testNow } from '../contract/testing.ts';
import type { MeasuredEvent } from '../store/port.ts';
import { createTestPage, valuesOf, type TestPage } from './testing.ts';

const backupDone = (change: Partial<MeasuredEvent> = {}): MeasuredEvent => ({
  kind: 'backup',
  service: 'files',
  at: '2026-11-22T10:00:00.000Z',
  durationSeconds: 90,
  labels: { backup_type: 'full', result: 'success', region: 'local', engine: 'archive' },
  ...change,
});
async function* chunksOf(...events: MeasuredEvent[]): AsyncIterable<readonly MeasuredEvent[]> {
  for (const event of events) yield [event];
}
function startedPage(): TestPage {
  const page = createTestPage();
  page.counters.initialise([serviceWith()]);
  return page;
}
const fullSuccess = { backup_type: 'full', result: 'success' };

describe('counters', () => {
  it('begin at 0 in every label set of a configured service', async () => {
    const parsed = await startedPage().parsed(snapshotWith(), testNow);

    expect(valuesOf(parsed, 'genesis_backup_total')).toEqual([0, 0, 0, 0, 0, 0]);
    // Histograms begin with what is scheduled and usually happens: failures and snapshots show in the counter above.
    expect(valuesOf(parsed, 'genesis_backup_duration_seconds_count')).toEqual([0, 0]);
    expect(valuesOf(parsed, 'genesis_recovery_total')).toEqual([0, 0]);
    expect(valuesOf(parsed, 'genesis_dr_test_total', { test_type: 'restore' })).toEqual([0, 0]);
    expect(valuesOf(parsed, 'genesis_replication_copies_total', { replica: 'second' })).toEqual([0, 0]);
    expect(valuesOf(parsed, 'genesis_audit_write_failures_total')).toEqual([0]);
  });

  it('count an event once, with its duration in the right buckets', async () => {
    const page = startedPage();

    page.counters.record(backupDone());
    const parsed = await page.parsed(snapshotWith(), testNow);

    expect(valuesOf(parsed, 'genesis_backup_total', fullSuccess)).toEqual([1]);
    expect(valuesOf(parsed, 'genesis_backup_duration_seconds_sum', fullSuccess)).toEqual([90]);
    expect(valuesOf(parsed, 'genesis_backup_duration_seconds_bucket', { ...fullSuccess, le: '60' })).toEqual([0]);
    expect(valuesOf(parsed, 'genesis_backup_duration_seconds_bucket', { ...fullSuccess, le: '120' })).toEqual([1]);
    expect(valuesOf(parsed, 'genesis_backup_duration_seconds_bucket', { ...fullSuccess, le: '+Inf' })).toEqual([1]);
    expect(valuesOf(parsed, 'genesis_backup_total', { backup_type: 'full', result: 'failure' })).toEqual([0]);
  });

  it('show what was counted after the page had been rendered', async () => {
    const page = startedPage();
    await page.parsed(snapshotWith(), testNow);

    page.counters.record(backupDone());
    page.counters.record(
      backupDone({ labels: { backup_type: 'full', result: 'failure', engine: 'archive' }, durationSeconds: null }),
    );
    const parsed = await page.parsed(snapshotWith(), testNow);

    expect(valuesOf(parsed, 'genesis_backup_total', { backup_type: 'full' })).toEqual([1, 1]);
    expect(
      valuesOf(parsed, 'genesis_backup_duration_seconds_count', { backup_type: 'full', result: 'failure' }),
    ).toEqual([]);
  });

  it('lose no event that is counted while the page is rendered', async () => {
    const page = startedPage();
    let events = 0;

    await page.page.render(snapshotWith(), testNow, () => true);
    const rendering = page.page.render(snapshotWith(), testNow, () => {
      page.counters.record(backupDone());
      events += 1;
      return true;
    });
    page.counters.record(backupDone());
    await rendering;
    const parsed = await page.parsed(snapshotWith(), testNow);

    expect(valuesOf(parsed, 'genesis_backup_total', fullSuccess)).toEqual([events + 1]);
  });

  it('are seeded from the store, so that a restart does not set them back', async () => {
    const page = startedPage();

    await page.counters.seed(chunksOf(backupDone(), backupDone(), backupDone({ service: 'gone' })));
    const parsed = await page.parsed(snapshotWith(), testNow);

    expect(valuesOf(parsed, 'genesis_backup_total', fullSuccess)).toEqual([2]);
    expect(parsed.samples.filter((s) => s.labels['service'] === 'gone')).toEqual([]);
  });

  it('begin anew for services whose labels changed, and say which to seed', async () => {
    const page = startedPage();
    page.counters.record(backupDone());
    const moved = serviceWith({ region: 'north' });

    expect(page.counters.initialise([serviceWith()])).toEqual([]);
    const begun = page.counters.initialise([moved, serviceWith({ name: 'other' })]);
    await page.counters.seed(chunksOf(backupDone(), backupDone({ at: '2026-11-22T11:00:00.000Z' })), {
      only: begun,
      before: '2026-11-22T10:30:00.000Z',
    });
    const parsed = await page.parsed(snapshotWith({ services: [moved] }), testNow);

    expect(begun).toEqual(['files', 'other']);
    expect(valuesOf(parsed, 'genesis_backup_total', { ...fullSuccess, service: 'files', region: 'north' })).toEqual([
      1,
    ]);
    expect(valuesOf(parsed, 'genesis_backup_total', { region: 'local', service: 'files' })).toEqual([]);
  });

  it('vanish with their service, and with a copy that is not configured any more', async () => {
    const page = startedPage();
    page.counters.initialise([serviceWith({ copies: [] })]);
    page.counters.record(backupDone({ kind: 'copy', labels: { replica: 'second', result: 'success' } }));

    const withoutCopy = await page.parsed(snapshotWith(), testNow);
    page.counters.removeService('files');
    const without = await page.parsed(snapshotWith({ services: [] }), testNow);

    expect(valuesOf(withoutCopy, 'genesis_replication_copies_total')).toEqual([]);
    expect(without.samples.filter((s) => s.labels['service'] !== undefined)).toEqual([]);
  });

  it('count health check failures under both names, and failovers by result', async () => {
    const page = startedPage();

    page.counters.record(backupDone({ kind: 'health_check_failure', labels: {}, durationSeconds: null }));
    page.counters.record(backupDone({ kind: 'failover', labels: { result: 'success' }, durationSeconds: 12 }));
    const parsed = await page.parsed(snapshotWith(), testNow);

    expect(valuesOf(parsed, 'genesis_health_check_failures')).toEqual([1]);
    expect(valuesOf(parsed, 'genesis_health_check_failures_total')).toEqual([1]);
    expect(valuesOf(parsed, 'genesis_failover_total', { result: 'success' })).toEqual([1]);
    expect(valuesOf(parsed, 'genesis_failover_duration_seconds_sum')).toEqual([12]);
  });

  it('count requests, refusals, errors and lost audit rows', async () => {
    const { counters, ...page } = createTestPage();

    counters.countRequest({ method: 'GET', route: '/api/v1/backups/{id}', status: '404' }, 0.03);
    counters.countAuthFailure('host');
    counters.countError('disk_full', 'backup');
    counters.countAuditWriteFailure();
    const parsed = await page.parsed(null, testNow);

    expect(
      valuesOf(parsed, 'genesis_http_requests_total', { method: 'GET', route: '/api/v1/backups/{id}', status: '404' }),
    ).toEqual([1]);
    expect(valuesOf(parsed, 'genesis_http_request_duration_seconds_bucket', { le: '0.05' })).toEqual([1]);
    expect(valuesOf(parsed, 'genesis_auth_failures_total', { kind: 'host' })).toEqual([1]);
    expect(valuesOf(parsed, 'genesis_auth_failures_total', { kind: 'token' })).toEqual([0]);
    expect(valuesOf(parsed, 'genesis_errors_total', { code: 'disk_full', component: 'backup' })).toEqual([1]);
    expect(valuesOf(parsed, 'genesis_audit_write_failures_total')).toEqual([1]);
  });
});
