import { createTestPage, valuesOf } from '../../metrics/testing.ts';
import type { CheckState, HealthCheckFacts, HealthFacts } from '../health.ts';
import { ago, serviceWith, snapshotWith, testNow } from '../testing.ts';

const check = (name: string, state: CheckState | null, responseSeconds: number | null = 0.02): HealthCheckFacts => ({
  name,
  kind: 'http',
  critical: true,
  state,
  since: state === null ? null : ago(600),
  last: { state: state ?? 'healthy', responseSeconds, detail: 'HTTP 200', at: ago(5) },
  consecutiveFailures: 0,
  consecutiveSuccesses: 3,
});

async function pageOf(health: HealthFacts | null) {
  const page = createTestPage();
  const services = [serviceWith({ health })];
  page.counters.initialise(services);
  return { counters: page.counters, parsed: () => page.parsed(snapshotWith({ services }), testNow) };
}

describe('health metrics', () => {
  it('show the state of the service among the four, and each check', async () => {
    const checks = [check('page', 'healthy'), check('door', 'degraded'), check('cache', 'error', null)];
    const page = await (await pageOf({ state: 'error', checks })).parsed();

    const states = ['healthy', 'degraded', 'unhealthy', 'error'].map((state) =>
      valuesOf(page, 'genesis_health_state', { state }),
    );
    expect(states).toEqual([[0], [0], [0], [1]]);
    expect(valuesOf(page, 'genesis_health_check_up')).toEqual([1, 1, 0]);
    expect(valuesOf(page, 'genesis_health_check_duration_seconds')).toEqual([0.02, 0.02]);
    expect(valuesOf(page, 'genesis_health_check_last_run_timestamp_seconds', { check: 'cache' })).toEqual([
      Date.parse(ago(5)) / 1000,
    ]);
  });

  it('show no state that is not known: not 0, and not healthy', async () => {
    const page = await (await pageOf({ state: 'unknown', checks: [check('page', null)] })).parsed();

    expect(valuesOf(page, 'genesis_health_state')).toEqual([]);
    expect(valuesOf(page, 'genesis_health_check_up')).toEqual([]);
    expect(valuesOf(page, 'genesis_health_check_last_run_timestamp_seconds')).toHaveLength(1);
  });

  it('count from 0 where there are checks, and are not there where there are none', async () => {
    const watched = await (await pageOf({ state: 'healthy', checks: [check('page', 'healthy')] })).parsed();
    const unwatched = await (await pageOf(null)).parsed();

    const families = [
      'genesis_health_check_failures',
      'genesis_health_check_failures_total',
      'genesis_health_checks_total',
    ];
    expect(families.map((name) => valuesOf(watched, name))).toEqual([[0], [0], [0, 0]]);
    expect(families.map((name) => valuesOf(unwatched, name))).toEqual([[], [], []]);
  });

  it('count each probe by its result, and each failed one', async () => {
    const { counters, parsed } = await pageOf({ state: 'healthy', checks: [check('page', 'healthy')] });
    const event = { service: 'files', at: ago(1), durationSeconds: 0.02 };

    counters.record({ ...event, kind: 'health_check', labels: { result: 'success' } });
    counters.record({ ...event, kind: 'health_check', labels: { result: 'failure' } });
    counters.record({ ...event, kind: 'health_check_failure', labels: {} });

    const page = await parsed();
    expect(valuesOf(page, 'genesis_health_checks_total', { result: 'success' })).toEqual([1]);
    expect(valuesOf(page, 'genesis_health_checks_total', { result: 'failure' })).toEqual([1]);
    expect(valuesOf(page, 'genesis_health_check_failures_total')).toEqual([1]);
  });

  it('begin when checks are configured by a reload', async () => {
    const { counters, parsed } = await pageOf(null);

    const begun = counters.initialise([serviceWith({ health: { state: 'unknown', checks: [] } })]);

    expect(begun).toEqual(['files']);
    expect(valuesOf(await parsed(), 'genesis_health_checks_total')).toEqual([0, 0]);
  });
});
