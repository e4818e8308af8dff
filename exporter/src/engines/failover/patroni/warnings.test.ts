import { parseSettings, parseStatus } from './answers.ts';
import { recorded } from './testing.ts';
import { risksOf, type RiskFacts } from './warnings.ts';

const status = (name: string, version = '3.0.2') => {
  const read = parseStatus(recorded(name).body);
  return read === null ? null : { ...read, patroni: { ...read.patroni, version } };
};
const sound: RiskFacts = {
  statuses: [
    { node: 'n1', status: status('patroni-primary', '3.3.2') },
    { node: 'n2', status: status('patroni-replica', '3.3.2') },
  ],
  settings: parseSettings({ ttl: 30, synchronous_mode: true, failsafe_mode: true }),
  guarding: [
    { node: 'n1', guarding: 'guarded' },
    { node: 'n2', guarding: null },
  ],
  withoutDevice: [],
  pausedSince: null,
  bound: { maxLossBytes: 2 ** 20, maxLossSeconds: 60 },
};
const told = (change: Partial<RiskFacts>): string => risksOf({ ...sound, ...change }).join('\n');

describe('what a Patroni puts at risk', () => {
  it('is, at best, a watchdog that nobody can see from outside', () => {
    expect(risksOf(sound)).toEqual([expect.stringMatching(/^whether a watchdog guards the nodes cannot be seen/)]);
  });

  it('is the steal-back of versions before 3.0.3', () => {
    const old = [{ node: 'n1', status: status('patroni-primary') }];
    expect(told({ statuses: old })).toMatch(/before 3\.0\.3 runs on n1 \(3\.0\.2\): with the client etcd3/);
    expect(told({ statuses: [{ node: 'n1', status: status('patroni-primary', '3.0.3') }] })).not.toContain('etcd3');
    expect(told({ statuses: [{ node: 'n1', status: status('patroni-primary', '2.1.10') }] })).toContain('etcd3');
    expect(told({ statuses: [{ node: 'n1', status: status('patroni-primary', '4.0.0') }] })).not.toContain('etcd3');
  });

  it('is a pause, with since when it is seen, and a pending restart', () => {
    const settings = parseSettings(recorded('config-paused').body);
    expect(told({ settings, pausedSince: '2026-11-22T15:57:10.000Z' })).toContain(
      'Patroni is paused (seen since 2026-11-22T15:57:10.000Z)',
    );
    expect(told({ statuses: [{ node: 'n2', status: status('patroni-pending-restart') }] })).toContain(
      'a restart is pending on n2',
    );
  });

  it('is settings that contradict each other, or lose what was acknowledged', () => {
    expect(told({ settings: parseSettings({ ttl: 20 }) })).toContain(
      'ttl is 20 s, less than loop_wait + 2 x retry_timeout = 30 s',
    );
    const warned = told({ settings: parseSettings(recorded('config').body) });
    expect(warned).toContain('failsafe_mode is off');
    expect(told({ settings: null })).toContain('settings of Patroni could not be read');
  });

  it('is an asynchronous cluster only where less may be lost than Patroni lets a candidate lack', () => {
    const settings = parseSettings(recorded('config').body);
    const by = (maxLossBytes: number, maxLossSeconds = 60): string =>
      told({ settings, bound: { maxLossBytes, maxLossSeconds } });

    expect(by(2 ** 20)).not.toContain('synchronous_mode');
    expect(by(2 ** 19)).toContain('maximum_lag_on_failover (1048576 bytes)');
    for (const none of [by(0), by(2 ** 20, 0), told({ settings, bound: null })])
      expect(none).toContain('failover.max_loss allows 0 bytes');
    expect(told({ bound: null })).not.toContain('synchronous_mode');
  });

  it('is an API that anybody may use, or that Genesis may not', () => {
    expect(told({ guarding: [{ node: 'n1', guarding: 'open' }] })).toContain('takes unsafe calls from anybody');
    expect(told({ guarding: [{ node: 'n1', guarding: 'refused' }] })).toContain('refuses the login of Genesis');
  });

  it('is a node that is silent, and one without a watchdog', () => {
    const statuses = [...sound.statuses, { node: 'n3', status: null }];
    expect(told({ statuses })).toContain('Patroni does not answer on n3');
    expect(told({ withoutDevice: ['n1', 'n2'] })).toContain(
      'no watchdog guards n1, n2: the machine has no /dev/watchdog',
    );
    const failed = { ...(status('patroni-primary') as NonNullable<ReturnType<typeof status>>), watchdog_failed: true };
    expect(told({ statuses: [{ node: 'n1', status: failed }] })).toContain('the watchdog failed on n1');
  });
});
