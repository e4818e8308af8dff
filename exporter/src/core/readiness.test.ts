import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { OpError } from '../contract/errors.ts';
import { known, unknown, type Observed } from '../contract/observed.ts';
import type { BackupFacts, CopyFacts, CopySnapshot, DrillFacts, ServiceSnapshot } from '../contract/snapshot.ts';
import { ago, serviceWith, testNow } from '../contract/testing.ts';
import { databaseChecks } from './readiness-database.ts';
import { failoverChecks } from './readiness-failover.ts';
import { readinessChecks } from './readiness-checks.ts';
import { assessReadiness, readinessReference, type ReadinessInput } from './readiness.ts';

const unreadable = new OpError('repository_unreadable', 'the folder is not mounted');
const blind = unknown(ago(0), unreadable);

function inputWith(service: Partial<ServiceSnapshot> = {}, change: Partial<ReadinessInput> = {}): ReadinessInput {
  return {
    service: serviceWith(service),
    auditWritable: true,
    configOk: true,
    hasComponents: true,
    copiesConfigured: [{ name: 'second', offsite: true }],
    ...change,
  };
}
function valueOf<T>(observed: Observed<T>): T {
  if (!observed.known) throw observed.error;
  return observed.value;
}
const base = serviceWith();
const backups = (change: Partial<BackupFacts>) => ({ backups: known(ago(1), { ...valueOf(base.backups), ...change }) });
const drills = (change: Partial<DrillFacts>) => ({ drills: known(ago(1), { ...valueOf(base.drills), ...change }) });
const copies = (change: Partial<CopyFacts>): { copies: CopySnapshot[] } => ({
  copies: base.copies.map((copy) => ({ ...copy, facts: known(ago(1), { ...valueOf(copy.facts), ...change }) })),
});
const newest = (endedAt: string) => ({ newest: { ...valueOf(base.backups).newest!, endedAt } });
const [full, incremental, , snapshot] = valueOf(base.backups).byType;

/** check id, what is different, expected result, evidence */
const cases: readonly [string, ReadinessInput, 'passed' | 'failed' | 'unknown' | 'absent', RegExp][] = [
  ['components_configured', inputWith({}, { hasComponents: false }), 'failed', /nothing is backed up/],
  ['backup_recent', inputWith(backups(newest(ago(14_400)))), 'passed', /4 h, limit 4 h/],
  ['backup_recent', inputWith(backups(newest(ago(14_401)))), 'failed', /4 h, limit 4 h/],
  ['backup_recent', inputWith(backups({ newest: null })), 'failed', /no backup/],
  ['backup_recent', inputWith({ backups: blind }), 'unknown', /not mounted/],
  [
    'backup_last_attempt',
    inputWith(backups({ byType: [full!, { ...incremental!, lastAttempt: { endedAt: ago(60), success: false } }] })),
    'failed',
    /incremental backup failed/,
  ],
  ['backup_last_attempt', inputWith(backups({ byType: [snapshot!] })), 'failed', /never tried|ever tried/],
  ['backup_verified', inputWith(backups({ newestVerifiedAt: null })), 'failed', /ever read back/],
  ['backup_verified', inputWith(backups({ newestVerifyFailed: true })), 'failed', /did not pass/],
  ['backup_verified', inputWith(backups({ newestVerifiedAt: ago(172_801) })), 'failed', /2 d/],
  ['backup_verified', inputWith({ backups: blind }), 'unknown', /not mounted/],
  ['backup_full_kept', inputWith(backups({ byType: [incremental!] })), 'failed', /no full/],
  [
    'backup_full_kept',
    inputWith(backups({ byType: [{ ...snapshot!, lastSuccess: full!.lastSuccess }] })),
    'passed',
    /backup_2026/,
  ],
  [
    'schedule_active',
    inputWith({ pause: { service: 'files', by: 'ann', reason: 'disk swap', since: ago(60), until: ago(-60) } }),
    'failed',
    /paused by ann.*disk swap/,
  ],
  [
    'schedule_active',
    inputWith({ pause: { service: 'files', by: 'ann', reason: 'disk swap', since: ago(60), until: ago(1) } }),
    'passed',
    /full, incremental/,
  ],
  [
    'schedule_active',
    inputWith({ schedules: base.schedules.filter((s) => s.type === 'drill') }),
    'failed',
    /no backup is scheduled/,
  ],
  ['copy_configured', inputWith({ copies: [] }, { copiesConfigured: [] }), 'failed', /no copy/],
  ['copies_current', inputWith({ copies: [] }, { copiesConfigured: [] }), 'failed', /no copy/],
  ['copies_current', inputWith(copies({ connected: false })), 'failed', /not connected/],
  ['copies_current', inputWith(copies({ lagSeconds: 301, queue: 2 })), 'failed', /5 min 1 s behind.*2 to copy/],
  ['copies_current', inputWith(copies({ lagSeconds: 300, queue: 1 })), 'passed', /within 5 min/],
  [
    'copies_current',
    inputWith({ copies: [{ name: 'second', path: '/x', facts: blind }] }),
    'unknown',
    /second: could not be read/,
  ],
  [
    'copy_offsite',
    inputWith({}, { copiesConfigured: [{ name: 'second', offsite: false }] }),
    'failed',
    /marked offsite/,
  ],
  ['copy_offsite', inputWith(copies({ sameDisk: true })), 'failed', /same disk/],
  ['copy_offsite', inputWith(copies({ connected: false })), 'failed', /not connected/],
  [
    'copy_offsite',
    inputWith({ copies: [{ name: 'second', path: '/x', facts: blind }] }),
    'unknown',
    /could not be read/,
  ],
  ['rpo_met', inputWith({ rpoSeconds: known(ago(10), 3591) }), 'failed', /1 h/],
  ['rpo_met', inputWith({ rpoSeconds: known(ago(10), 3590) }), 'passed', /1 h/],
  ['rpo_met', inputWith({ rpoSeconds: known(ago(1), null) }), 'failed', /nothing can be restored/],
  ['rpo_met', inputWith({ rpoSeconds: blind }), 'unknown', /not mounted/],
  ['rto_met', inputWith({ rtoSeconds: known(ago(1), null) }), 'unknown', /never measured/],
  ['rto_met', inputWith({ rtoSeconds: known(ago(1), 14_401) }), 'failed', /4 h/],
  ['repository_space', inputWith({ repository: known(ago(1), { freeBytes: 10, totalBytes: 100 }) }), 'failed', /10 %/],
  [
    'repository_space',
    inputWith({ repository: known(ago(1), { freeBytes: 2_000_000, totalBytes: 10_000_000 }) }),
    'failed',
    /976.6 KiB/,
  ],
  ['repository_space', inputWith({ backups: blind }), 'unknown', /size of the newest full is not known/],
  ['repository_space', inputWith({ repository: blind }), 'unknown', /not mounted/],
  ['drill_recent', inputWith(drills({ lastPassedAt: null })), 'failed', /ever passed/],
  ['drill_recent', inputWith(drills({ lastPassedAt: ago(2_592_001) })), 'failed', /30 d/],
  ['drill_last_passed', inputWith(drills({ lastPassed: false })), 'failed', /failed/],
  ['drill_last_passed', inputWith(drills({ lastPassed: null, lastRunAt: null })), 'failed', /ever ran/],
  ['drill_last_passed', inputWith({ drills: blind }), 'unknown', /not mounted/],
  ['key_confirmed', inputWith({ encrypted: false }), 'absent', /^$/],
  ['key_confirmed', inputWith({ encrypted: true, keyConfirmed: false }), 'failed', /nobody confirmed/],
  ['key_confirmed', inputWith({ encrypted: true, keyConfirmed: true }), 'passed', /confirmed/],
  ['key_confirmed', inputWith({ encrypted: true, keyConfirmed: null }), 'unknown', /not named/],
  ['audit_writable', inputWith({}, { auditWritable: false }), 'failed', /cannot be written/],
  ['config_ok', inputWith({}, { configOk: false }), 'failed', /old configuration/],
];

describe('readiness', () => {
  it('is whole when everything is in order', () => {
    const readiness = assessReadiness(inputWith({ encrypted: true, keyConfirmed: true }), testNow);

    expect(readiness.checks.filter((c) => c.result !== 'passed')).toEqual([]);
    expect(readiness.score).toBe(1);
    expect(readiness.components.map((c) => [c.component, c.score])).toEqual([
      ['backup', 1],
      ['replication', 1],
      ['recovery', 1],
      ['testing', 1],
      ['security', 1],
      ['operations', 1],
    ]);
    expect(readiness).toMatchObject({ service: 'files', at: testNow.toISOString() });
  });

  it.each(cases)('%s', (id, input, result, evidence) => {
    const check = assessReadiness(input, testNow).checks.find((c) => c.id === id);

    expect(check?.result ?? 'absent').toBe(result);
    expect(check?.evidence ?? '').toMatch(evidence);
    expect(check === undefined || (check.mend === null) === (result === 'passed')).toBe(true);
  });

  it('has a case that is not passed for every check', () => {
    const tried = new Set(cases.filter(([, , result]) => result === 'failed').map(([id]) => id));

    // In readiness-database.test.ts and readiness-failover.test.ts.
    const ofDatabases = new Set([...databaseChecks, ...failoverChecks].map(({ id }) => id));
    expect(readinessChecks.map((c) => c.id).filter((id) => !tried.has(id) && !ofDatabases.has(id))).toEqual([]);
  });

  it('gives unknown nothing: blind is worth no more than broken', () => {
    const everythingBlind = inputWith({
      backups: blind,
      repository: blind,
      drills: blind,
      rpoSeconds: blind,
      rtoSeconds: blind,
      copies: [{ name: 'second', path: '/x', facts: blind }],
    });

    const readiness = assessReadiness(everythingBlind, testNow);

    expect(readiness.components.find((c) => c.component === 'testing')?.score).toBe(0);
    expect(readiness.components.find((c) => c.component === 'recovery')?.score).toBe(0);
    expect(readiness.checks.filter((c) => c.result === 'unknown').length).toBeGreaterThanOrEqual(8);
  });

  it('is earned over total weight, in the whole and in each component', () => {
    const anyFlag = fc.boolean();
    fc.assert(
      fc.property(
        anyFlag,
        anyFlag,
        anyFlag,
        anyFlag,
        fc.boolean(),
        (auditWritable, configOk, hasComponents, encrypted, isBlind) => {
          const readiness = assessReadiness(
            inputWith(
              { encrypted, ...(isBlind ? { backups: blind } : {}) },
              { auditWritable, configOk, hasComponents },
            ),
            testNow,
          );

          const total = readiness.checks.reduce((sum, c) => sum + c.weight, 0);
          const earned = readiness.checks.reduce((sum, c) => sum + (c.result === 'passed' ? c.weight : 0), 0);
          expect(readiness.score).toBeCloseTo(earned / total, 12);
          for (const { score } of readiness.components) expect(score >= 0 && score <= 1).toBe(true);
        },
      ),
    );
  });
});

describe('docs/reference/readiness.md', () => {
  it('is printed from the table as it stands', () => {
    const printed = readFileSync(new URL('../../../docs/reference/readiness.md', import.meta.url), 'utf8');

    expect(printed === readinessReference()).toBe(true);
    for (const check of readinessChecks)
      expect(printed).toContain(`\`${check.id}\` | ${check.component} | ${check.weight} |`);
  });
});
