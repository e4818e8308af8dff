import { readFileSync } from 'node:fs';
import { levelLimits } from '../contract/metrics/reading.ts';
import { OpError } from '../contract/errors.ts';
import { known, unknown, type Observed } from '../contract/observed.ts';
import type { ReplicaFacts, ReplicationFacts } from '../contract/postgres.ts';
import { knownReading, unknownReading } from '../contract/sla.ts';
import type { CopyFacts, ServiceSnapshot } from '../contract/snapshot.ts';
import { ago, serviceWith, snapshotWith, testNow } from '../contract/testing.ts';
import { readVector } from './prometheus-answer.ts';
import { burnQuery, slaAnswers, slaNow, slaQuery, slaReport } from './sla.ts';

const silent = unknownReading('not_configured', 'prometheus.url is not set');
const lost = unknown(ago(2), new OpError('repository_unreadable', 'the folder is gone'));

function nowOf(service: ServiceSnapshot) {
  return slaNow(service, levelLimits(snapshotWith({ services: [service] })), +testNow);
}

function copyWith(name: string, facts: Partial<CopyFacts> | null) {
  const base = { connected: true, lagSeconds: 0, queue: 0, newestBackupEndedAt: null, freeBytes: 1, sameDisk: false };
  return { name, path: `/mnt/${name}`, facts: facts === null ? lost : known(ago(2), { ...base, ...facts }) };
}

describe('service levels now', () => {
  it('are read off a healthy service, the values of this moment', () => {
    expect(nowOf(serviceWith())).toEqual({
      backup_sla: { current: 1800, compliant: true, reason: null },
      replication_sla: { current: 0, compliant: true, reason: null },
      readiness_sla: { current: 0.9, compliant: true, reason: null },
      test_frequency_sla: { current: 7200, compliant: true, reason: null },
      rpo_sla: { current: 1810, compliant: true, reason: null },
      rto_sla: { current: 42, compliant: true, reason: null },
    });
  });

  it('hold at the target and break beyond it', () => {
    const target = serviceWith().objectives;
    const at = (objectives: Partial<typeof target>) => nowOf(serviceWith({ objectives: { ...target, ...objectives } }));

    expect(at({ backup_sla: 1800 }).backup_sla.compliant).toBe(true);
    expect(at({ backup_sla: 1799 }).backup_sla.compliant).toBe(false);
    expect(at({ readiness_sla: 0.9 }).readiness_sla.compliant).toBe(true);
    expect(at({ readiness_sla: 0.91 }).readiness_sla.compliant).toBe(false);
  });

  it('are unknown, not kept, when nothing could be read', () => {
    const service = serviceWith({
      backups: lost,
      drills: lost,
      rpoSeconds: lost,
      rtoSeconds: lost,
      copies: [copyWith('second', null)],
    });

    for (const sla of ['backup_sla', 'test_frequency_sla', 'rpo_sla', 'rto_sla', 'replication_sla'] as const)
      expect(nowOf(service)[sla]).toEqual({
        current: null,
        compliant: null,
        reason: expect.stringMatching(/cannot be read/),
      });
  });

  it('are unknown when the reading is too old to be called current', () => {
    const at = ago(3600);
    const fresh = serviceWith();
    const service = serviceWith({
      backups: { ...fresh.backups, at },
      rpoSeconds: { ...fresh.rpoSeconds, at },
      readiness: { ...fresh.readiness, at },
    });

    for (const sla of ['backup_sla', 'rpo_sla', 'readiness_sla'] as const)
      expect(nowOf(service)[sla]).toEqual({
        current: null,
        compliant: null,
        reason: expect.stringMatching(/too long ago/),
      });
  });

  it('are broken where it is known that it never happened, but the time to recover is not known', () => {
    const { backups, drills } = serviceWith();
    if (!backups.known || !drills.known) throw new Error('the builder changed');
    const service = serviceWith({
      backups: known(ago(2), { ...backups.value, newest: null }),
      drills: known(ago(2), { ...drills.value, lastPassedAt: null }),
      rpoSeconds: known(ago(2), null),
      rtoSeconds: known(ago(2), null),
    });

    expect(nowOf(service)).toMatchObject({
      backup_sla: { current: null, compliant: false, reason: 'there is no backup yet' },
      test_frequency_sla: { current: null, compliant: false, reason: 'no drill has passed yet' },
      rpo_sla: { current: null, compliant: false, reason: 'nothing can be restored yet' },
      rto_sla: { current: null, compliant: null },
    });
  });

  it.each<[string, ReturnType<typeof copyWith>[], object]>([
    ['no copy', [], { current: null, compliant: null, reason: 'no copy is configured' }],
    [
      'the worst of two',
      [copyWith('a', { lagSeconds: 10 }), copyWith('b', { lagSeconds: 20 })],
      { current: 20, compliant: true },
    ],
    [
      'one unread',
      [copyWith('a', { lagSeconds: 10 }), copyWith('b', null)],
      { current: null, compliant: null, reason: 'copy b cannot be read' },
    ],
    [
      'one unread, one surely late',
      [copyWith('a', { lagSeconds: 301 }), copyWith('b', null)],
      { current: 301, compliant: false },
    ],
    [
      'one disconnected that lacked nothing when it was seen',
      [copyWith('a', { connected: false }), copyWith('b', {})],
      { current: 0, compliant: false, reason: 'copy a is disconnected' },
    ],
    [
      'the only one disconnected',
      [copyWith('a', { connected: false })],
      { current: null, compliant: false, reason: 'copy a is disconnected' },
    ],
    [
      'disconnected and known to be late',
      [copyWith('a', { connected: false, lagSeconds: 400 })],
      { current: 400, compliant: false },
    ],
  ])('judge copies: %s', (_name, copies, expected) => {
    expect(nowOf(serviceWith({ copies })).replication_sla).toMatchObject(expected);
  });
});

describe('standbys of a database', () => {
  const standby = (name: string, change: Partial<ReplicaFacts> = {}): ReplicaFacts => ({
    name,
    connected: true,
    state: 'streaming',
    syncState: 'async',
    writeLagSeconds: null,
    flushLagSeconds: null,
    replayLagSeconds: null,
    heartbeatLagSeconds: 1,
    lagSeconds: 1,
    lagBytes: 0,
    queueBytes: 0,
    slot: null,
    problem: null,
    ...change,
  });
  const replicating = (...replicas: ReplicaFacts[]): Observed<ReplicationFacts> =>
    known(ago(1), {
      isPrimary: true,
      timeline: 1,
      currentLsn: '0/1700158',
      walSegmentBytes: 16_777_216,
      lagDegradedSeconds: 10,
      replicas,
      archiver: null,
      heartbeatIntervalSeconds: 5,
      heartbeatAt: ago(1),
      heartbeatProblem: null,
      problem: null,
    });

  it.each<[string, ReturnType<typeof copyWith>[], Observed<ReplicationFacts>, object]>([
    ['alone', [], replicating(standby('a')), { current: 1, compliant: true, reason: null }],
    ['none', [], replicating(), { current: null, compliant: null, reason: 'no copy is configured' }],
    [
      'beside copies, the worst counts',
      [copyWith('nas', { lagSeconds: 20 })],
      replicating(standby('a', { lagSeconds: 301 })),
      { current: 301, compliant: false },
    ],
    [
      'gone',
      [copyWith('nas', {})],
      replicating(standby('a', { connected: false, lagSeconds: null })),
      { current: 0, compliant: false, reason: 'standby a is disconnected' },
    ],
    [
      'connected, and nobody knows how far',
      [],
      replicating(standby('a', { lagSeconds: null }), standby('b')),
      { current: null, compliant: null, reason: 'the lag of standby a is not known' },
    ],
    [
      'unread',
      [copyWith('nas', {})],
      unknown(ago(1), new OpError('postgres_unreachable', 'gone')),
      { current: null, compliant: null, reason: 'the replication of the database cannot be read' },
    ],
  ])('%s', (_name, copies, replication, expected) => {
    expect(nowOf(serviceWith({ copies, replication })).replication_sla).toMatchObject(expected);
  });
});

describe('the report', () => {
  const shop = serviceWith({ name: 'shop' });
  const snapshot = snapshotWith({ cluster: 'prod', services: [shop] });
  const answer = readVector(
    200,
    readFileSync(new URL('./testdata/prometheus-2.42-sla-records.json', import.meta.url), 'utf8'),
  );
  const itemOf = (sla: string) => slaReport(snapshot, [shop], answer, testNow).items.find((item) => item.sla === sla);

  it('asks for all records of one cluster in one query', () => {
    expect(slaQuery('prod', null)).toBe(
      '{__name__=~"service_sla:genesis_sla_ok:avg30d|service_sla:genesis_sla_coverage:ratio30d|service_sla:genesis_sla_error_budget_remaining:ratio30d",cluster="prod"}',
    );
    expect(slaQuery('a"b\\c', 'shop')).toContain('cluster="a\\"b\\\\c",service="shop"}');
  });

  it('joins what is with how it was', () => {
    expect(itemOf('backup_sla')).toEqual({
      service: 'shop',
      sla: 'backup_sla',
      unit: 'seconds',
      current: 1800,
      target: 14_400,
      compliant: true,
      reason: null,
      objective: 0.99,
      compliance: { known: true, value: 0.9975 },
      coverage: { known: true, value: 0.25 },
      budgetRemaining: { known: true, value: 0.75 },
      burn: ['1h', '6h', '1d', '3d'].map((window) => ({
        window,
        rate: { known: false, reason: 'empty', message: expect.stringContaining(`ratio${window} of shop`) },
      })),
    });
  });

  it('tells how fast the budget burns: the share of broken minutes over the share that may be', () => {
    const labels = { service: 'shop', sla: 'backup_sla' };
    const burns = knownReading([
      { labels: { ...labels, __name__: 'service_sla:genesis_sla_error:ratio1h' }, at: 0, value: 0.144 },
      { labels: { ...labels, __name__: 'service_sla:genesis_sla_error:ratio3d' }, at: 0, value: 0 },
      { labels: { ...labels, sla: 'rto_sla', __name__: 'service_sla:genesis_sla_error:ratio6h' }, at: 0, value: 1 },
    ]);

    const [item] = slaReport(snapshot, [shop], answer, testNow, burns).items;

    expect(item?.sla).toBe('backup_sla');
    expect(item?.burn.map(({ rate }) => (rate.known ? Number(rate.value.toFixed(6)) : rate.reason))).toEqual([
      14.4,
      'empty',
      'empty',
      0,
    ]);
    expect(burnQuery('prod', 'shop')).toContain('ratio1h|service_sla:genesis_sla_error:ratio6h');
  });

  it.each([
    ['NaN', 'rpo_sla', 'not_a_number', 'NaN'],
    ['a compliance without its coverage', 'rto_sla', 'empty', 'its coverage is unknown'],
    ['a coverage of which there are two', 'readiness_sla', 'several_series', 'its coverage is unknown'],
    ['what is not recorded', 'replication_sla', 'empty', 'has no service_sla:genesis_sla_ok:avg30d of shop'],
  ])('shows %s as unknown', (_name, sla, reason, message) => {
    expect(itemOf(sla)?.compliance).toEqual({ known: false, reason, message: expect.stringContaining(message) });
  });

  it('tells the current values also when Prometheus is silent, and that it is', () => {
    const report = slaReport(snapshot, [shop], silent, testNow);

    expect(report.history).toEqual({ available: false, unknown: 'unknown: prometheus.url is not set' });
    expect(report.items).toHaveLength(6);
    for (const item of report.items) {
      expect(item.current).not.toBeNull();
      expect([item.compliance, item.coverage, item.budgetRemaining]).toEqual([silent, silent, silent]);
    }
  });
});

describe('the answers under the documents’ names', () => {
  const answersOf = (...services: ServiceSnapshot[]) =>
    slaAnswers(slaReport(snapshotWith({ services }), services, silent, testNow));
  const late = (name: string, backupSla: number) =>
    serviceWith({ name, objectives: { ...serviceWith().objectives, backup_sla: backupSla } });

  it('have the documented levels only', () => {
    expect(answersOf(serviceWith())).toEqual({
      backup_sla: { compliant: true, current: 1800, target: 14_400, unknown: null },
      replication_sla: { compliant: true, current: 0, target: 300, unknown: null },
      readiness_sla: { compliant: true, current: 0.9, target: 0.8, unknown: null },
      test_frequency_sla: { compliant: true, current: 7200, target: 2_592_000, unknown: null },
    });
  });

  it('tell of the worst: what is broken, before what is unknown, before what is near', () => {
    const unread = serviceWith({ name: 'unread', backups: lost });

    expect(answersOf(late('far', 9000), late('near', 1801)).backup_sla).toMatchObject({
      compliant: true,
      target: 1801,
    });
    expect(answersOf(late('near', 1801), unread).backup_sla).toEqual({
      compliant: null,
      current: null,
      target: 14_400,
      unknown: 'unread: the catalogue cannot be read: the folder is gone',
    });
    expect(answersOf(unread, late('broken', 1000)).backup_sla).toMatchObject({
      compliant: false,
      current: 1800,
      target: 1000,
    });
  });

  it('know nothing when no service is configured', () => {
    expect(answersOf().readiness_sla).toEqual({
      compliant: null,
      current: null,
      target: null,
      unknown: 'no service is configured',
    });
  });
});
