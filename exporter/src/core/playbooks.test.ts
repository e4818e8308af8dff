import type { HealthCheckFacts, HealthFacts } from '../contract/health.ts';
import { playbookIssues, type PlaybookActionName, type PlaybookRecord } from '../contract/playbooks.ts';
import type { OperationKind } from '../contract/operation.ts';
import { findConflict } from './conflicts.ts';
import {
  foresee,
  issuesOf,
  mayFailOver,
  nextPlaybookStep,
  playbooks,
  whyHeld,
  type PlaybookSight,
} from './playbooks.ts';
import { operationWith } from './testing.ts';

const now = new Date('2026-03-05T08:00:00Z');
const settings = { backoffSeconds: 10 };
const yes = { holds: true, why: 'seen' };
const no = { holds: false, why: 'not seen' };
const unknown = { holds: null, why: 'nobody looked' };

function sightWith(change: Partial<PlaybookSight> = {}, missing: readonly PlaybookActionName[] = []): PlaybookSight {
  return {
    well: no,
    memoryHigh: no,
    masterDown: no,
    recentDeploy: no,
    missing: (action) => (missing.includes(action) ? 'no hook' : null),
    ...change,
  };
}

function record(
  action: PlaybookActionName,
  attempt: number,
  result: PlaybookRecord['result'] = 'no_effect',
  secondsAgo = 3600,
): PlaybookRecord {
  return { action, attempt, result, detail: '', endedAt: new Date(+now - secondsAgo * 1000).toISOString() };
}

const next = (
  issue: keyof typeof playbooks,
  done: readonly PlaybookRecord[],
  sight: PlaybookSight = sightWith(),
): ReturnType<typeof nextPlaybookStep> => nextPlaybookStep(playbooks[issue], sight, done, settings, now);

const restarts = [1, 2, 3].map((attempt) => record('restart_service', attempt));

describe('nextPlaybookStep', () => {
  it('begins with the first action', () => {
    expect(next('service_down', [])).toEqual({
      do: 'run',
      action: 'restart_service',
      attempt: 1,
      of: 3,
      waitSeconds: 0,
    });
  });

  it('does nothing to a service that is well', () => {
    expect(next('service_down', [], sightWith({ well: yes }))).toEqual({ do: 'stop', outcome: 'not_needed' });
  });

  it('goes on where it is not known whether the service is well', () => {
    expect(next('service_down', [], sightWith({ well: unknown }))).toMatchObject({ do: 'run' });
  });

  it('stops at the first success that was proven', () => {
    const done = [record('restart_service', 1), record('restart_service', 2, 'healed')];

    expect(next('service_down', done)).toEqual({ do: 'stop', outcome: 'healed' });
  });

  it('does not call an action the cause that was followed by nothing good at first', () => {
    const sight = sightWith({ well: yes });

    expect(next('service_down', [record('restart_service', 1, 'failed')], sight)).toEqual({
      do: 'stop',
      outcome: 'well_by_itself',
    });
  });

  it('tries again as often as the playbook says, and waits twice as long each time', () => {
    const once = next('service_down', [record('restart_service', 1, 'no_effect', 4)]);
    const twice = next('service_down', [record('restart_service', 1), record('restart_service', 2, 'failed', 4)]);

    expect(once).toMatchObject({ action: 'restart_service', attempt: 2, waitSeconds: 6 });
    expect(twice).toMatchObject({ action: 'restart_service', attempt: 3, waitSeconds: 16 });
  });

  it('waits no longer than the back-off when the clock was set back', () => {
    expect(next('service_down', [record('restart_service', 1, 'no_effect', -9999)])).toMatchObject({ waitSeconds: 10 });
  });

  it('empties the cache only where memory is known to be high', () => {
    const cache = { do: 'run', action: 'clear_cache' };
    const skipped = { do: 'pass', action: 'clear_cache', result: 'skipped' };

    expect(next('service_down', restarts, sightWith({ memoryHigh: yes }))).toMatchObject(cache);
    expect(next('service_down', restarts, sightWith({ memoryHigh: no }))).toMatchObject(skipped);
    expect(next('service_down', restarts, sightWith({ memoryHigh: unknown }))).toMatchObject({
      ...skipped,
      why: 'whether if_memory_high holds is not known: nobody looked',
    });
  });

  it('tells people after the restarts that did not help, and then is at its end', () => {
    const done = [...restarts, record('clear_cache', 0, 'skipped')];

    expect(next('service_down', done)).toMatchObject({ do: 'run', action: 'notify_ops' });
    expect(next('service_down', [...done, record('notify_ops', 1)])).toEqual({ do: 'stop', outcome: 'exhausted' });
  });

  it('passes over what is not configured, says so, and still tells people', () => {
    const sight = sightWith({}, ['restart_service', 'clear_cache']);
    const first = next('service_down', [], sight);
    const done = [record('restart_service', 0, 'not_configured'), record('clear_cache', 0, 'not_configured')];

    expect(first).toEqual({ do: 'pass', action: 'restart_service', result: 'not_configured', why: 'no hook' });
    expect(next('service_down', done, sight)).toMatchObject({ do: 'run', action: 'notify_ops' });
  });

  it('fails over only when the primary is known to be lost', () => {
    const done = [record('restart_connection_pool', 1), record('check_database_health', 1)];
    const issue = 'database_connection_failed';

    expect(next(issue, done, sightWith({ masterDown: yes }))).toMatchObject({
      action: 'failover_to_replica',
      do: 'run',
    });
    expect(next(issue, done, sightWith({ masterDown: unknown }))).toMatchObject({ do: 'pass', result: 'skipped' });
  });

  it('rolls a deployment back only when there was one lately', () => {
    const done = [record('enable_circuit_breaker', 1), record('increase_logging', 1)];

    expect(next('high_error_rate', done, sightWith({ recentDeploy: yes }))).toMatchObject({
      action: 'rollback_deployment',
      do: 'run',
    });
    expect(next('high_error_rate', done)).toMatchObject({ action: 'rollback_deployment', do: 'pass' });
  });

  it('calls it a leak when memory stays high although something was done to free it', () => {
    const high = sightWith({ memoryHigh: yes });
    const freed = [record('trigger_gc', 1), record('clear_caches', 1)];
    const notFreed = [record('trigger_gc', 1, 'failed'), record('clear_caches', 0, 'not_configured')];

    expect(next('memory_pressure', freed, high)).toMatchObject({ do: 'run', action: 'restart_workers' });
    expect(next('memory_pressure', freed)).toMatchObject({ do: 'pass', result: 'skipped' });
    expect(next('memory_pressure', notFreed, high)).toMatchObject({ do: 'pass', result: 'skipped' });
  });

  it('comes to an end for every issue, whatever is missing, known or tried in vain', () => {
    for (const issue of playbookIssues)
      for (const sign of [yes, no, unknown])
        for (const missing of [[], playbooks[issue].actions.map(({ action }) => action)]) {
          const sight = sightWith({ memoryHigh: sign, masterDown: sign, recentDeploy: sign }, missing);
          const done: PlaybookRecord[] = [];
          for (let step = next(issue, done, sight); step.do !== 'stop'; step = next(issue, done, sight))
            done.push(step.do === 'run' ? record(step.action, step.attempt) : record(step.action, 0, step.result));

          expect(next(issue, done, sight)).toEqual({ do: 'stop', outcome: 'exhausted' });
          expect(new Set(done.map(({ action }) => action)).size).toBe(playbooks[issue].actions.length);
        }
  });
});

describe('the plan of a playbook', () => {
  it('says of each action whether it would run, and why not', () => {
    const lines = foresee(playbooks.service_down, sightWith({}, ['clear_cache']));

    expect(lines).toEqual([
      { text: 'restart_service, up to 3 times, then the health checks', why: null },
      { text: 'clear_cache: not configured, passed over', why: 'no hook' },
      { text: 'notify_ops, then the health checks: only where a restart does not bring it back', why: null },
    ]);
  });

  it('holds a database’s playbook for one that may fail over, and no other', () => {
    expect(playbookIssues.filter((issue) => mayFailOver(playbooks[issue]))).toEqual(['database_connection_failed']);
  });
});

describe('how often a recovery may run', () => {
  const minutesAgo = (minutes: number): string => new Date(+now - minutes * 60_000).toISOString();

  it('holds the one that would be too many within an hour', () => {
    const runs = [1, 20, 59].map(minutesAgo);

    expect(whyHeld(runs, { maxPerHour: 3 }, now)).toMatch(/^3 recoveries began/);
    expect(whyHeld([...runs.slice(0, 2), minutesAgo(61)], { maxPerHour: 3 }, now)).toBeNull();
  });

  const conflictingWith = (wanted: OperationKind, running: OperationKind): boolean =>
    findConflict({ kind: wanted, service: 'shop', inPlace: false, makesBackup: false, subject: null }, [
      operationWith({ kind: running, service: 'shop' }),
    ]) !== null;

  it('lets one recovery of a service run at a time, and none while its primary moves', () => {
    expect(conflictingWith('playbook', 'playbook')).toBe(true);
    expect(conflictingWith('playbook', 'failover')).toBe(true);
    expect(conflictingWith('failover', 'playbook')).toBe(false);
    expect(conflictingWith('playbook', 'backup')).toBe(false);
  });
});

describe('issuesOf', () => {
  const check = (change: Partial<HealthCheckFacts>): HealthCheckFacts => ({
    name: 'page',
    kind: 'http',
    critical: true,
    state: 'unhealthy',
    since: null,
    last: { at: now.toISOString(), state: 'unhealthy', responseSeconds: null, detail: 'ECONNREFUSED' },
    consecutiveFailures: 3,
    consecutiveSuccesses: 0,
    ...change,
  });
  const of = (checks: readonly HealthCheckFacts[], share: number | null = null): readonly string[] => {
    const health: HealthFacts = { state: 'unhealthy', checks };
    return issuesOf(health, share, { errorRate: 0.3 }).map(({ issue }) => issue);
  };

  it('maps what a check saw to what is tried, worst first', () => {
    expect(of([check({})])).toEqual(['service_down']);
    expect(of([check({}), check({ kind: 'postgres' })])).toEqual(['database_connection_failed', 'service_down']);
    expect(of([check({ kind: 'process', state: 'degraded' })])).toEqual(['memory_pressure']);
    expect(of([check({ state: 'healthy' })], 0.3)).toEqual(['high_error_rate']);
  });

  it('says nothing about what could not be checked, is not critical, is a disk, or was not seen yet', () => {
    expect(of([check({ state: 'error' })])).toEqual([]);
    expect(of([check({ state: null, last: null })])).toEqual([]);
    expect(of([check({ critical: false })])).toEqual([]);
    expect(of([check({ kind: 'disk' })])).toEqual([]);
    expect(of([check({ state: 'healthy' })], 0.29)).toEqual([]);
    expect(issuesOf(null, null, { errorRate: 0.3 })).toEqual([]);
  });
});
