import { Config } from '../../config/schema.ts';
import type { DashboardMetricQuery, DashboardQuery, LiveAlert, NewAlertBody } from '../../contract/live.ts';
import type { MetricName } from '../../contract/metrics/index.ts';
import type { Outcome } from '../../contract/errors.ts';
import type { Snapshot } from '../../contract/snapshot.ts';
import type { AlertNotice } from '../../core/alerting.ts';
import type { LiveAlertStore, StoredAlert } from '../../store/port.ts';
import { settableClock, silentLog } from '../testing.ts';
import { createLive, type Live } from './live.ts';
import type { TakeSample } from './samples.ts';

const t0 = '2026-11-22T08:00:00.000Z';
const cpu = 'genesis_system_cpu_usage_ratio';
const received = 'genesis_system_network_receive_bytes_total';
const age = 'genesis_backup_age_seconds';

function valueOf<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw outcome.error;
  return outcome.value;
}

/** Live data on a clock that is moved by hand; `show` says what the metrics page would. */
function stage(options: { readonly live?: object; readonly store?: LiveAlertStore } = {}) {
  const clock = settableClock(t0);
  const config = Config.parse({ live: options.live ?? {} });
  const stored = new Map<string, StoredAlert>();
  const store: LiveAlertStore = options.store ?? {
    put: async (alert) => void stored.set(alert.definition.id, alert),
    remember: async (id, memory) => {
      const alert = stored.get(id);
      if (alert !== undefined) stored.set(id, { ...alert, memory });
    },
    remove: async (id) => void stored.delete(id),
    list: async () => [...stored.values()],
  };
  const notices: [AlertNotice, string][] = [];
  const shown = new Map<string, readonly [MetricName, string, number]>();
  const deps = {
    clock,
    log: silentLog,
    store,
    config: () => config,
    snapshot: () => ({}) as Snapshot,
    notify: (notice: AlertNotice, alert: LiveAlert) => void notices.push([notice, alert.id]),
    changed: async () => undefined,
    readSamples: async (_snapshot: Snapshot, now: Date, wanted: (family: MetricName) => boolean, take: TakeSample) => {
      for (const [family, labels, value] of shown.values()) if (wanted(family)) take(family, labels, +now, value);
    },
  };
  const show = (family: MetricName, value: number | null, labels = ''): void => {
    if (value === null) shown.delete(family + labels);
    else shown.set(family + labels, [family, labels, value]);
  };
  /** One turn every ten seconds, as the loop takes them. */
  const pass = async (live: Live, seconds: number): Promise<void> => {
    for (let at = 0; at < seconds; at += 10) {
      clock.advance(10_000);
      await live.turn();
    }
  };
  return { clock, store, stored, notices, show, pass, live: createLive(deps), again: () => createLive(deps) };
}

const query = (fields: Partial<DashboardMetricQuery> = {}): DashboardMetricQuery => ({
  duration_minutes: 60,
  aggregation: 'avg',
  resolution_seconds: 60,
  tags: undefined,
  ...fields,
});
const dashboardOf = async (live: Live, fields: Partial<DashboardQuery> = {}) =>
  valueOf(await live.dashboard({ ...query(), metrics: undefined, ...fields }));
const alertBody = (fields: Partial<NewAlertBody> = {}): NewAlertBody => ({
  metric: cpu,
  condition: '>',
  threshold: 0.8,
  severity: 'warning',
  message: 'busy',
  tags: {},
  ...fields,
});

describe('live data', () => {
  it('become the figures of a dashboard: five minutes, an hour, a series by minutes', async () => {
    const { live, show, pass } = stage();
    show(cpu, 0.9);
    await pass(live, 1800);
    show(cpu, 0.5);
    await pass(live, 600);

    const { metrics, missing } = await dashboardOf(live, { metrics: `${cpu},${age},nonsense`, aggregation: 'min' });

    expect(metrics[cpu]).toMatchObject({
      unit: 'ratio',
      kind: 'gauge',
      current: 0.5,
      avg_1h: expect.closeTo(0.8),
      max_1h: 0.9,
      value: 0.5,
      last_at: '2026-11-22T08:40:00.000Z',
    });
    expect(metrics[cpu]?.time_series).toHaveLength(41);
    expect(metrics[cpu]?.time_series[1]).toEqual({
      timestamp: '2026-11-22T08:01:00.000Z',
      value: expect.closeTo(0.9),
      min: 0.9,
      max: 0.9,
      count: 6,
    });
    expect(missing).toEqual([
      { name: age, reason: 'not_recorded' },
      { name: 'nonsense', reason: 'metric_unknown' },
    ]);
  });

  it('are no zero where nothing was measured, and say since when', async () => {
    const { live, show, pass } = stage();
    show(cpu, 0.9);
    await pass(live, 60);
    show(cpu, null);
    await pass(live, 420);

    expect(valueOf(await live.metric(cpu, query()))).toMatchObject({
      current: null,
      current_value: null,
      avg_1h: expect.closeTo(0.9),
      last_at: '2026-11-22T08:01:00.000Z',
      missing: null,
    });
    expect(valueOf(await live.metric(cpu, query({ duration_minutes: 5, aggregation: 'count' })))).toMatchObject({
      value: null,
      time_series: [],
    });
    await pass(live, 3600);
    expect(valueOf(await live.metric(cpu, query()))).toMatchObject({ avg_1h: null, max_1h: null, missing: 'no_data' });
    expect((await dashboardOf(live, { metrics: cpu })).missing).toEqual([{ name: cpu, reason: 'no_data' }]);
  });

  it('show counters as rates, series by series', async () => {
    const { live, show, pass } = stage();
    for (let total = 0; total <= 60; total += 1) {
      show(received, total * 1000, 'device="eth0"');
      show(received, 7, 'device="eth1"');
      await pass(live, 10);
    }

    const both = valueOf(await live.metric(received, query()));
    const one = valueOf(await live.metric(received, query({ tags: 'device=eth0' })));

    expect(both).toMatchObject({ kind: 'rate', unit: 'bytes_per_second', current: 50, max_1h: 100, series_count: 2 });
    expect(one).toMatchObject({
      current: 100,
      avg_1h: 100,
      series: [{ labels: { device: 'eth0' }, current: 100, last: 60_000 }],
    });
  });

  it('refuse questions that have no answer, with their reason', async () => {
    const { live } = stage();
    const codeOf = (outcome: Outcome<unknown>): string => (outcome.ok ? 'ok' : outcome.error.code);

    expect(codeOf(await live.metric(cpu, query({ aggregation: 'median' })))).toBe('aggregation_unknown');
    expect(codeOf(await live.metric('up', query()))).toBe('metric_unknown');
    expect(codeOf(await live.metric('genesis_build_info', query()))).toBe('metric_unknown');
    expect(codeOf(await live.metric(cpu, query({ resolution_seconds: 1 })))).toBe('bad_request');
    expect(codeOf(await live.metric(cpu, query({ tags: 'nonsense' })))).toBe('bad_request');
    expect(codeOf(await live.metric(cpu, query({ tags: 'device=a,b,other=c' })))).toBe('ok');
    const many = Array.from({ length: 51 }, (_, i) => `m${i}`).join(',');
    expect(codeOf(await live.dashboard({ ...query(), metrics: many }))).toBe('bad_request');
  });

  it('are recorded at the pace of the collectors, and answered from memory in between', async () => {
    const { live, show, clock } = stage();
    show(cpu, 0.5);
    await live.turn();
    clock.advance(9_000);
    await live.turn();
    expect(live.facts().points).toBe(1);
    const before = await dashboardOf(live);
    clock.advance(1_000);
    await live.turn();

    const after = await dashboardOf(live);

    expect(live.facts()).toMatchObject({ points: 2, series: 1, lastSampleMs: Date.parse(t0) + 10_000 });
    expect([before, after].map(({ metrics }) => metrics[cpu]?.time_series[0]?.count)).toEqual([1, 2]);
  });
});

describe('an alert that is defined at run time', () => {
  it('fires on the mean of five minutes each half minute, and is resolved, and both are told', async () => {
    const { live, show, pass, notices, stored } = stage();
    show(cpu, 0.1);
    await pass(live, 300);
    const alert = valueOf(await live.alerts.create('alert_1', alertBody(), 'ada'));
    expect(alert).toMatchObject({ state: 'inactive', active: false, created_by: 'ada', condition: '> 0.8' });
    show(cpu, 1);

    await pass(live, 200);
    expect(notices).toEqual([]);
    await pass(live, 60);
    expect(notices).toEqual([['triggered', 'alert_1']]);
    expect(live.facts().alerts).toEqual([{ id: 'alert_1', metric: cpu, severity: 'warning', active: true }]);
    expect(stored.get('alert_1')?.memory.active).toBe(true);
    show(cpu, 0);
    await pass(live, 120);

    expect(notices).toEqual([
      ['triggered', 'alert_1'],
      ['resolved', 'alert_1'],
    ]);
    expect(live.alerts.list()[0]).toMatchObject({ state: 'resolved', active: false });
    expect((await dashboardOf(live)).alerts).toEqual({ active: [], total: 1, active_count: 0 });
  });

  it('is unknown without data: neither fine nor firing, and what fires goes on', async () => {
    const { live, show, pass, notices } = stage();
    valueOf(await live.alerts.create('alert_1', alertBody({ condition: '<', threshold: 1 }), 'ada'));
    await pass(live, 60);
    expect(live.alerts.list()[0]).toMatchObject({
      state: 'unknown',
      active: false,
      value: null,
      why: expect.stringContaining('no data'),
    });
    expect(live.facts().alerts[0]?.active).toBeNull();
    show(cpu, 0.5);
    await pass(live, 60);
    show(cpu, null);
    await pass(live, 600);

    expect(live.alerts.list()[0]).toMatchObject({ state: 'unknown', active: true });
    expect(live.facts().alerts[0]?.active).toBe(true);
    expect(notices).toEqual([['triggered', 'alert_1']]);
  });

  it('outlives a restart with its state and its times', async () => {
    const { live, show, pass, notices, again } = stage();
    show(cpu, 0.9);
    await pass(live, 60);
    valueOf(await live.alerts.create('alert_1', alertBody(), 'ada'));
    const [before] = live.alerts.list();

    const next = again();
    await next.load();

    expect(next.alerts.list()[0]).toMatchObject({ state: 'unknown', active: true, triggered_at: before?.triggered_at });
    await pass(next, 60);
    expect(next.alerts.list()[0]).toMatchObject({ state: 'active', triggered_at: before?.triggered_at });
    expect(notices).toEqual([['triggered', 'alert_1']]);
  });

  it('is refused where it could never fire, or where there are enough', async () => {
    const { live } = stage({ live: { alerts: 1 } });
    const codeOf = async (body: NewAlertBody): Promise<string> => {
      const outcome = await live.alerts.create('alert_x', body, 'ada');
      return outcome.ok ? 'ok' : outcome.error.code;
    };

    expect(await codeOf(alertBody({ metric: 'genesis_backup_duration_seconds' }))).toBe('metric_unknown');
    expect(await codeOf(alertBody({ tags: { service: 'shop' } }))).toBe('bad_request');
    expect(await codeOf(alertBody({ metric: age, tags: { cluster: 'x' } }))).toBe('bad_request');
    expect(await Promise.all([codeOf(alertBody()), codeOf(alertBody())])).toEqual(['ok', 'alerts_exhausted']);
  });

  it('begins anew when it asks for something else, and only then', async () => {
    const { live, show, pass } = stage();
    show(cpu, 0.9);
    await pass(live, 60);
    const created = valueOf(await live.alerts.create('alert_1', alertBody(), 'ada'));

    const renamed = valueOf(await live.alerts.change('alert_1', { message: 'very busy', severity: 'critical' }));
    const raised = valueOf(await live.alerts.change('alert_1', { threshold: 0.95 }));

    expect(renamed).toMatchObject({ state: 'active', triggered_at: created.triggered_at, severity: 'critical' });
    expect(raised).toMatchObject({ state: 'inactive', triggered_at: null, message: 'very busy', threshold: 0.95 });
    expect((await live.alerts.change('nope', { threshold: 1 })).ok).toBe(false);
    expect(valueOf(await live.alerts.remove('alert_1')).id).toBe('alert_1');
    expect([live.alerts.list(), (await live.alerts.remove('alert_1')).ok]).toEqual([[], false]);
  });

  it('does not exist when it could not be kept, and decides on when only its state could not', async () => {
    const broken = new Error('disk full');
    const failing = { put: false };
    const store: LiveAlertStore = {
      put: () => (failing.put ? Promise.reject(broken) : Promise.resolve()),
      remember: () => Promise.reject(broken),
      remove: () => Promise.reject(broken),
      list: async () => [],
    };
    const { live, show, pass, notices } = stage({ store });
    show(cpu, 0.9);
    await pass(live, 60);

    failing.put = true;
    await expect(live.alerts.create('alert_1', alertBody(), 'ada')).rejects.toBe(broken);
    expect(live.alerts.list()).toEqual([]);
    failing.put = false;
    expect(valueOf(await live.alerts.create('alert_2', alertBody(), 'ada')).state).toBe('active');
    expect(notices).toEqual([['triggered', 'alert_2']]);
    await expect(live.alerts.remove('alert_2')).rejects.toBe(broken);
    expect(live.alerts.list()).toHaveLength(1);
  });
});
