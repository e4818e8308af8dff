import type { Observed } from '../contract/observed.ts';
import type { VerdictReply } from '../contract/service-replies.ts';
import type { ServiceSnapshot } from '../contract/snapshot.ts';
import { formatSeconds } from './format.ts';

export { verdictAnswers as answers } from '../contract/service-replies.ts';
export type Answer = VerdictReply['answer'];

/** The short answer to "could we recover this service right now?". */
export type Verdict = Readonly<VerdictReply>;

type Rule = (service: ServiceSnapshot, now: Date) => Verdict | null;

function ageSeconds(at: string, now: Date): number {
  return Math.max(0, (now.getTime() - new Date(at).getTime()) / 1000);
}

const no = (reason: string): Verdict => ({ answer: 'no', headline: 'Not recoverable', reason });
const notKnown = (reason: string): Verdict => ({ answer: 'unknown', headline: 'Not known', reason });
const unproven = (reason: string): Verdict => ({ answer: 'unproven', headline: 'Recovery not proven', reason });
const gaps = (reason: string): Verdict => ({ answer: 'gaps', headline: 'Recoverable, with gaps', reason });

/** Data that would be lost if it had to be restored now, seconds; it grows while nothing new is read. */
export function rpoNow(service: ServiceSnapshot, now: Date): Observed<number | null> {
  const { rpoSeconds: seen } = service;
  return seen.known && seen.value !== null ? { ...seen, value: seen.value + ageSeconds(seen.at, now) } : seen;
}

/** The first that has something to say decides: what makes recovery impossible, then what is not known, then what is merely worse. */
const rules: readonly Rule[] = [
  ({ backups }) => (backups.known && backups.value.newest === null ? no('there is no usable backup') : null),
  ({ backups }) =>
    backups.known && backups.value.newestVerifyFailed
      ? no('the newest backup did not pass verification; an older one may')
      : null,
  ({ drills }) => (drills.known && drills.value.lastPassed === false ? no('the last restore drill failed') : null),
  ({ backups }) => (backups.known ? null : notKnown(`the backups cannot be read: ${backups.error.message}`)),
  ({ drills }) => (drills.known ? null : notKnown(`the drills cannot be read: ${drills.error.message}`)),
  ({ rpoSeconds: seen }) => (seen.known ? null : notKnown(`the data loss is not known: ${seen.error.message}`)),
  ({ drills }) =>
    drills.known && drills.value.lastPassedAt === null ? unproven('no restore drill has passed yet') : null,
  ({ drills, objectives }, now) => {
    if (!drills.known || drills.value.lastPassedAt === null) return null;
    const age = ageSeconds(drills.value.lastPassedAt, now);
    return age > objectives.test_frequency_sla
      ? unproven(
          `the last passed drill is ${formatSeconds(age)} old, objective ${formatSeconds(objectives.test_frequency_sla)}`,
        )
      : null;
  },
  (service, now) => {
    const rpo = rpoNow(service, now);
    const { rpo_sla: objective } = service.objectives;
    return rpo.known && rpo.value !== null && rpo.value > objective
      ? gaps(`data of the last ${formatSeconds(rpo.value)} would be lost, objective ${formatSeconds(objective)}`)
      : null;
  },
  ({ rtoSeconds: rto, objectives }) =>
    rto.known && rto.value !== null && rto.value > objectives.rto_sla
      ? gaps(`recovery takes ${formatSeconds(rto.value)}, objective ${formatSeconds(objectives.rto_sla)}`)
      : null,
  ({ readiness, objectives }) =>
    readiness.score < objectives.readiness_sla
      ? gaps(
          `readiness ${Math.round(readiness.score * 100)} % is below its objective ${Math.round(objectives.readiness_sla * 100)} %`,
        )
      : null,
];

/** Pure. What is not known is never a yes. */
export function verdictOf(service: ServiceSnapshot, now: Date): Verdict {
  for (const rule of rules) {
    const verdict = rule(service, now);
    if (verdict !== null) return verdict;
  }
  return { answer: 'yes', headline: 'Recoverable now', reason: null };
}
