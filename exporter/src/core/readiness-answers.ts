import { isWhole } from '../contract/backup.ts';
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
export const failed = (evidence: string): Answer => ({ result: 'failed', evidence });
export const unknown = (evidence: string): Answer => ({ result: 'unknown', evidence });
export const judge = (good: boolean, evidence: string): Answer => (good ? passed(evidence) : failed(evidence));

/** Answers from a reading; one that is not known makes the check unknown, with the reason. */
export function seen<T>(observed: Observed<T>, answer: (value: T) => Answer): Answer {
  return observed.known ? answer(observed.value) : unknown(`could not be read: ${observed.error.message}`);
}
export const ageSeconds = (at: string, now: Date): number => Math.max(0, (now.getTime() - Date.parse(at)) / 1000);
export const within = (what: string, seconds: number, limit: number): Answer =>
  judge(seconds <= limit, `${what} ${spanInWords(seconds)}, limit ${spanInWords(limit)}`);

export function lastAttempts({ service }: ReadinessInput): Answer {
  return seen(service.backups, ({ byType }) => {
    const attempts = byType.flatMap((t) => (t.lastAttempt === null ? [] : [{ type: t.type, ...t.lastAttempt }]));
    if (attempts.length === 0) return failed('no backup was ever tried');
    const bad = attempts.filter((a) => !a.success);
    if (bad.length === 0) return passed(`the last attempt of ${attempts.map((a) => a.type).join(', ')} succeeded`);
    return failed(bad.map((a) => `the last ${a.type} backup failed at ${a.endedAt}`).join('; '));
  });
}

export function verified({ service }: ReadinessInput, now: Date): Answer {
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

export function scheduleActive({ service }: ReadinessInput, now: Date): Answer {
  if (service.pause !== null && Date.parse(service.pause.until) > now.getTime()) {
    return failed(`paused by ${service.pause.by} until ${service.pause.until}: ${service.pause.reason}`);
  }
  const types = service.schedules.filter((s) => s.type !== 'drill').map((s) => s.type);
  return judge(types.length > 0, types.length > 0 ? `scheduled: ${types.join(', ')}` : 'no backup is scheduled');
}

export const fullKept = ({ service }: ReadinessInput): Answer =>
  seen(service.backups, ({ byType }) => {
    const fulls = byType.filter((t) => isWhole(t.type) && t.lastSuccess !== null);
    return judge(
      fulls.length > 0,
      fulls.length > 0
        ? `newest full: ${fulls.map((t) => t.lastSuccess?.id).join(', ')}`
        : 'no full backup or snapshot is kept',
    );
  });

export function copiesCurrent({ service }: ReadinessInput): Answer {
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
  const { connected, problem, lagSeconds, queue } = facts.value;
  if (!connected) return { state: 'failed', text: `not connected${problem === undefined ? '' : ` (${problem})`}` };
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

export function copyOffsite({ service, copiesConfigured }: ReadinessInput): Answer {
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

export function repositorySpace({ service }: ReadinessInput): Answer {
  return seen(service.repository, ({ freeBytes, totalBytes }) => {
    // An object store is as large as somebody pays for: what can be asked of it is that it answers.
    if (freeBytes === null || totalBytes === null) return judge(true, 'the store answers; it has no size of its own');
    const share = totalBytes > 0 ? freeBytes / totalBytes : 0;
    const full = service.backups.known
      ? Math.max(
          0,
          ...service.backups.value.byType.map((t) => (isWhole(t.type) ? (t.lastSuccess?.storedBytes ?? 0) : 0)),
        )
      : null;
    const text = `${bytesInWords(freeBytes)} free (${Math.floor(share * 100)} %)`;
    if (share <= 0.1) return failed(`${text}, more than 10 % is wanted`);
    if (full === null) return unknown(`${text}; size of the newest full is not known`);
    return judge(freeBytes > 2 * full, `${text}, the newest full takes ${bytesInWords(full)}`);
  });
}

export const drillRecent = ({ service }: ReadinessInput, now: Date): Answer =>
  seen(service.drills, ({ lastPassedAt }) =>
    lastPassedAt === null
      ? failed('no drill ever passed')
      : within('last passed drill is', ageSeconds(lastPassedAt, now), service.objectives.test_frequency_sla),
  );
