import type { Observed } from '../contract/observed.ts';
import type { CheckResult, ReadinessComponent } from '../contract/readiness.ts';
import type { CopyFacts, ServiceSnapshot } from '../contract/snapshot.ts';
import { bytesInWords, spanInWords } from './words.ts';

/** What the score of one service is a function of. */
export interface ReadinessInput {
  readonly service: Omit<ServiceSnapshot, 'readiness'>;
  readonly auditWritable: boolean;
  readonly configOk: boolean;
  readonly hasComponents: boolean;
  readonly copiesConfigured: readonly { readonly name: string; readonly offsite: boolean }[];
}

/** The answer of one check. Null: the question does not arise for this service, it has no weight then. */
export type Answer = Pick<CheckResult, 'result' | 'evidence'> | null;

export interface Check {
  readonly id: string;
  readonly component: ReadinessComponent;
  /** Share of the total: 4 = without it there is no recovery, 1 = it makes one harder. */
  readonly weight: number;
  readonly question: string;
  readonly mend: string;
  answer(input: ReadinessInput, now: Date): Answer;
}

const passed = (evidence: string): Answer => ({ result: 'passed', evidence });
const failed = (evidence: string): Answer => ({ result: 'failed', evidence });
const unknown = (evidence: string): Answer => ({ result: 'unknown', evidence });
const judge = (good: boolean, evidence: string): Answer => (good ? passed(evidence) : failed(evidence));

/** Answers from a reading; one that is not known makes the check unknown, with the reason. */
function seen<T>(observed: Observed<T>, answer: (value: T) => Answer): Answer {
  return observed.known ? answer(observed.value) : unknown(`could not be read: ${observed.error.message}`);
}
const ageSeconds = (at: string, now: Date): number => Math.max(0, (now.getTime() - Date.parse(at)) / 1000);
const within = (what: string, seconds: number, limit: number): Answer =>
  judge(seconds <= limit, `${what} ${spanInWords(seconds)}, limit ${spanInWords(limit)}`);

function lastAttempts({ service }: ReadinessInput): Answer {
  return seen(service.backups, ({ byType }) => {
    const attempts = byType.flatMap((t) => (t.lastAttempt === null ? [] : [{ type: t.type, ...t.lastAttempt }]));
    if (attempts.length === 0) return failed('no backup was ever tried');
    const bad = attempts.filter((a) => !a.success);
    if (bad.length === 0) return passed(`the last attempt of ${attempts.map((a) => a.type).join(', ')} succeeded`);
    return failed(bad.map((a) => `the last ${a.type} backup failed at ${a.endedAt}`).join('; '));
  });
}

function verified({ service }: ReadinessInput, now: Date): Answer {
  return seen(service.backups, (facts) => {
    if (facts.newest === null) return failed('there is no backup to verify');
    if (facts.newestVerifyFailed) return failed('the newest backup did not pass verification');
    if (facts.newestVerifiedAt === null) return failed('no backup was ever read back');
    return within(
      'last passed verification is',
      ageSeconds(facts.newestVerifiedAt, now),
      service.verifyThresholdSeconds,
    );
  });
}

function scheduleActive({ service }: ReadinessInput, now: Date): Answer {
  if (service.pause !== null && Date.parse(service.pause.until) > now.getTime()) {
    return failed(`paused by ${service.pause.by} until ${service.pause.until}: ${service.pause.reason}`);
  }
  const types = service.schedules.filter((s) => s.type !== 'drill').map((s) => s.type);
  return judge(types.length > 0, types.length > 0 ? `scheduled: ${types.join(', ')}` : 'no backup is scheduled');
}

const fullKept = ({ service }: ReadinessInput): Answer =>
  seen(service.backups, ({ byType }) => {
    const fulls = byType.filter((t) => t.type !== 'incremental' && t.lastSuccess !== null);
    return judge(
      fulls.length > 0,
      fulls.length > 0
        ? `newest full: ${fulls.map((t) => t.lastSuccess?.id).join(', ')}`
        : 'no full backup or snapshot is kept',
    );
  });

function copiesCurrent({ service }: ReadinessInput): Answer {
  if (service.copies.length === 0) return failed('there is no copy');
  const limit = service.objectives.replication_sla;
  const states = service.copies.map((copy) => ({ name: copy.name, ...copyState(copy.facts, limit) }));
  const evidence = states.map((s) => `${s.name}: ${s.text}`).join('; ');
  if (states.some((s) => s.state === 'failed')) return failed(evidence);
  return states.some((s) => s.state === 'unknown') ? unknown(evidence) : passed(evidence);
}
function copyState(
  facts: Observed<CopyFacts>,
  limit: number,
): { state: 'passed' | 'failed' | 'unknown'; text: string } {
  if (!facts.known) return { state: 'unknown', text: `could not be read: ${facts.error.message}` };
  const { connected, lagSeconds, queue } = facts.value;
  if (!connected) return { state: 'failed', text: 'not connected' };
  if (lagSeconds > limit)
    return {
      state: 'failed',
      text: `${spanInWords(lagSeconds)} behind (limit ${spanInWords(limit)}), ${queue} to copy`,
    };
  return {
    state: 'passed',
    text: queue === 0 ? 'holds everything' : `${spanInWords(lagSeconds)} behind, within ${spanInWords(limit)}`,
  };
}

function copyOffsite({ service, copiesConfigured }: ReadinessInput): Answer {
  const names = new Set(copiesConfigured.filter((c) => c.offsite).map((c) => c.name));
  if (names.size === 0) return failed('no copy is marked offsite');
  const copies = service.copies.filter((c) => names.has(c.name));
  const good = copies.find((c) => c.facts.known && c.facts.value.connected && !c.facts.value.sameDisk);
  if (good !== undefined) return passed(`${good.name} stands elsewhere and is connected`);
  if (copies.some((c) => !c.facts.known) || copies.length === 0) return unknown('the offsite copy could not be read');
  const text = copies.map(
    (c) => `${c.name} ${c.facts.known && c.facts.value.sameDisk ? 'is on the same disk' : 'is not connected'}`,
  );
  return failed(text.join('; '));
}

function repositorySpace({ service }: ReadinessInput): Answer {
  return seen(service.repository, ({ freeBytes, totalBytes }) => {
    const share = totalBytes > 0 ? freeBytes / totalBytes : 0;
    const full = service.backups.known
      ? Math.max(
          0,
          ...service.backups.value.byType.map((t) =>
            t.type === 'incremental' ? 0 : (t.lastSuccess?.storedBytes ?? 0),
          ),
        )
      : null;
    const text = `${bytesInWords(freeBytes)} free (${Math.floor(share * 100)} %)`;
    if (share <= 0.1) return failed(`${text}, more than 10 % is wanted`);
    if (full === null) return unknown(`${text}; size of the newest full is not known`);
    return judge(freeBytes > 2 * full, `${text}, the newest full takes ${bytesInWords(full)}`);
  });
}

const drillRecent = ({ service }: ReadinessInput, now: Date): Answer =>
  seen(service.drills, ({ lastPassedAt }) =>
    lastPassedAt === null
      ? failed('no drill ever passed')
      : within('last passed drill is', ageSeconds(lastPassedAt, now), service.objectives.test_frequency_sla),
  );

/** The one table of checks; docs/reference/readiness.md is printed from it. */
export const readinessChecks: readonly Check[] = [
  {
    id: 'components_configured',
    component: 'operations',
    weight: 3,
    question: 'Does the configuration name data to protect?',
    mend: 'name paths under backup.components of the service',
    answer: ({ hasComponents }) =>
      judge(
        hasComponents,
        hasComponents ? 'components are configured' : 'the service has no components: nothing is backed up',
      ),
  },
  {
    id: 'backup_recent',
    component: 'backup',
    weight: 4,
    question: 'Is the newest usable backup younger than backup_sla?',
    mend: 'run `genesis backup SERVICE` and look at the last failed operation',
    answer: ({ service }, now) =>
      seen(service.backups, ({ newest }) =>
        newest === null
          ? failed('there is no backup')
          : within('newest backup is', ageSeconds(newest.endedAt, now), service.objectives.backup_sla),
      ),
  },
  {
    id: 'backup_last_attempt',
    component: 'backup',
    weight: 2,
    question: 'Did the last attempt of every backup type succeed?',
    mend: 'see why with `genesis operations`',
    answer: lastAttempts,
  },
  {
    id: 'backup_verified',
    component: 'backup',
    weight: 4,
    question: 'Was a backup read back and found whole lately, and none newer found damaged?',
    mend: 'run `genesis verify BACKUP`; if it fails, take a new full backup and look at the disk',
    answer: verified,
  },
  {
    id: 'backup_full_kept',
    component: 'backup',
    weight: 2,
    question: 'Does the repository hold a full backup?',
    mend: 'run `genesis backup SERVICE --type full`',
    answer: fullKept,
  },
  {
    id: 'schedule_active',
    component: 'backup',
    weight: 2,
    question: 'Are backups scheduled and not paused?',
    mend: 'resume the service, or set backup.schedules',
    answer: scheduleActive,
  },
  {
    id: 'copy_configured',
    component: 'replication',
    weight: 2,
    question: 'Is there a copy beside the repository?',
    mend: 'add a folder on another disk or a mount under copies',
    answer: ({ copiesConfigured: c }) =>
      judge(
        c.length > 0,
        c.length > 0 ? `configured: ${c.map((copy) => copy.name).join(', ')}` : 'no copy is configured',
      ),
  },
  {
    id: 'copies_current',
    component: 'replication',
    weight: 3,
    question: 'Is every copy connected and within replication_sla?',
    mend: 'mount the folder of the copy and look at the failed copy operations',
    answer: copiesCurrent,
  },
  {
    id: 'copy_offsite',
    component: 'replication',
    weight: 3,
    question: 'Does a connected copy marked offsite stand on another disk?',
    mend: 'bring a copy to another place and mark it offsite: true',
    answer: copyOffsite,
  },
  {
    id: 'rpo_met',
    component: 'recovery',
    weight: 3,
    question: 'Is the newest restorable state younger than rpo_sla?',
    mend: 'back up more often than rpo_sla',
    answer: ({ service }, now) =>
      seen(service.rpoSeconds, (seconds) =>
        seconds === null
          ? failed('nothing can be restored')
          : within(
              'newest restorable state is',
              seconds + ageSeconds(service.rpoSeconds.at, now),
              service.objectives.rpo_sla,
            ),
      ),
  },
  {
    id: 'rto_met',
    component: 'recovery',
    weight: 3,
    question: 'Is the recovery time that the last passed drill measured within rto_sla?',
    mend: 'run `genesis drill SERVICE`; if it is too slow, use a faster disk or restore by component',
    answer: ({ service }) =>
      seen(service.rtoSeconds, (seconds) =>
        seconds === null
          ? unknown('never measured: no drill ever passed')
          : within('measured recovery took', seconds, service.objectives.rto_sla),
      ),
  },
  {
    id: 'repository_space',
    component: 'recovery',
    weight: 2,
    question: 'Has the repository more than 10 % free and room for two fulls?',
    mend: 'free space, shorten backup.retention or move the repository',
    answer: repositorySpace,
  },
  {
    id: 'drill_recent',
    component: 'testing',
    weight: 4,
    question: 'Did a restore drill pass within test_frequency_sla?',
    mend: 'run `genesis drill SERVICE`',
    answer: drillRecent,
  },
  {
    id: 'drill_last_passed',
    component: 'testing',
    weight: 3,
    question: 'Did the last drill pass?',
    mend: 'see the evidence of the drill, mend it and run `genesis drill SERVICE`',
    answer: ({ service }) =>
      seen(service.drills, ({ lastPassed, lastRunAt }) =>
        lastPassed === null
          ? failed('no drill ever ran')
          : judge(lastPassed, `the drill of ${lastRunAt ?? 'unknown time'} ${lastPassed ? 'passed' : 'failed'}`),
      ),
  },
  {
    id: 'key_confirmed',
    component: 'security',
    weight: 3,
    question: 'Was it confirmed that the encryption key is also kept elsewhere?',
    mend: 'store the key away from this machine, then run `genesis key confirm`',
    answer: ({ service }) => {
      if (!service.encrypted) return null;
      if (service.keyConfirmed === null) return unknown('the repository has not named its key yet');
      return judge(
        service.keyConfirmed,
        service.keyConfirmed ? 'the key was confirmed' : 'nobody confirmed that the key is kept elsewhere',
      );
    },
  },
  {
    id: 'audit_writable',
    component: 'security',
    weight: 2,
    question: 'Can the audit log be written?',
    mend: 'mend the disk of the state: actions, restores too, are refused until then',
    answer: ({ auditWritable }) =>
      judge(auditWritable, auditWritable ? 'the audit log can be written' : 'the audit log cannot be written'),
  },
  {
    id: 'config_ok',
    component: 'operations',
    weight: 1,
    question: 'Is the configuration file good as it stands?',
    mend: 'run `genesis config check FILE`',
    answer: ({ configOk }) =>
      judge(
        configOk,
        configOk ? 'the last reload succeeded' : 'the last reload failed: the old configuration is in use',
      ),
  },
];
