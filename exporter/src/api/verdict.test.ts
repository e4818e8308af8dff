import { OpError } from '../contract/errors.ts';
import { known, unknown } from '../contract/observed.ts';
import type { ServiceSnapshot } from '../contract/snapshot.ts';
import { ago, serviceWith, testNow } from '../contract/testing.ts';
import { rpoNow, verdictOf } from './verdict.ts';

const lost = unknown(ago(1), new OpError('io_failed', 'the disk does not answer'));
const base = serviceWith();
const backups = (change: object): Partial<ServiceSnapshot> => {
  if (!base.backups.known) throw new Error('the builder knows its backups');
  return { backups: known(ago(1), { ...base.backups.value, ...change }) };
};
const drills = (change: object): Partial<ServiceSnapshot> => {
  if (!base.drills.known) throw new Error('the builder knows its drills');
  return { drills: known(ago(1), { ...base.drills.value, ...change }) };
};
const score = (value: number): Partial<ServiceSnapshot> => ({ readiness: { ...base.readiness, score: value } });
const good = { ...score(1), rpoSeconds: known(ago(0), 60), rtoSeconds: known(ago(0), 60) };

describe('could we recover right now?', () => {
  it.each([
    ['yes when all is known and within its objectives', {}, 'yes', null],
    ['no without a backup', backups({ newest: null }), 'no', /no usable backup/],
    ['no when the newest backup is damaged', backups({ newestVerifyFailed: true }), 'no', /did not pass verification/],
    ['no when the last drill failed', drills({ lastPassed: false }), 'no', /drill failed/],
    ['not known when the backups cannot be read', { backups: lost }, 'unknown', /the disk does not answer/],
    ['not known when the drills cannot be read', { drills: lost }, 'unknown', /the disk does not answer/],
    ['not known when the data loss is not known', { rpoSeconds: lost }, 'unknown', /the disk does not answer/],
    [
      'unproven before the first drill',
      drills({ lastPassed: null, lastPassedAt: null }),
      'unproven',
      /no restore drill/,
    ],
    [
      'unproven when the drill is too old',
      drills({ lastPassedAt: ago(86_400 * 31) }),
      'unproven',
      /31 d old, objective 30 d/,
    ],
    [
      'with gaps when too much would be lost',
      { rpoSeconds: known(ago(0), 7200) },
      'gaps',
      /last 2 h would be lost, objective 1 h/,
    ],
    ['with gaps when it takes too long', { rtoSeconds: known(ago(0), 18_000) }, 'gaps', /takes 5 h, objective 4 h/],
    ['with gaps below the readiness objective', score(0.5), 'gaps', /50 % is below its objective 80 %/],
  ] as const)('%s', (_, change, answer, reason) => {
    const verdict = verdictOf(
      serviceWith({ ...good, ...drills({ lastPassedAt: ago(60), lastPassed: true }), ...change }),
      testNow,
    );

    expect(verdict.answer).toBe(answer);
    if (reason === null) expect(verdict.reason).toBeNull();
    else expect(verdict.reason).toMatch(reason);
  });

  it('says no before it says unknown: a missing backup is worse news', () => {
    expect(verdictOf(serviceWith({ ...backups({ newest: null }), drills: lost }), testNow).answer).toBe('no');
  });

  it('lets the data loss grow while nothing new is read', () => {
    expect(rpoNow(serviceWith({ rpoSeconds: known(ago(30), 60) }), testNow)).toMatchObject({ value: 90 });
  });
});
