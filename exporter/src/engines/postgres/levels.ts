import type { IsoTime } from '../../contract/observed.ts';
import { drillLevels, type DrillLevel } from '../../contract/operation.ts';
import type { RecoveryTarget } from '../../contract/postgres.ts';
import { targetInWords } from '../../core/drill-choice.ts';
import type { SandboxFacts } from './sandbox.ts';
import type { Soundness } from './soundness.ts';

/** What the levels of a drill say. Pure. */

/** The moment that the restored state should stand for; null: nobody knows. */
export function standsFor(
  request: {
    readonly target: RecoveryTarget;
    readonly startedAt: IsoTime;
    readonly consistentAt: IsoTime | null;
    readonly promote?: boolean;
  },
  recoveredTo: IsoTime | null,
): IsoTime | null {
  switch (request.target.type) {
    // A dump has no WAL to bring it further: it stands for the moment it was taken.
    case 'latest':
      return request.promote === false ? request.consistentAt : request.startedAt;
    case 'time':
      return request.target.at;
    case 'immediate':
      return request.consistentAt;
    // Only the replay knows when that was.
    default:
      return recoveredTo;
  }
}

/** Level 2 of a server whose recovery has ended: whether it ended where it should. */
export function judgeRecovery(
  target: RecoveryTarget,
  recovered: { readonly recoveredTo: IsoTime | null; readonly facts: SandboxFacts },
): Soundness {
  const { facts } = recovered;
  const replayed =
    facts.replayedBytes === null
      ? 'nothing had to be replayed'
      : `${facts.replayedBytes} bytes of WAL replayed from ${facts.redoFrom} to ${facts.redoTo}, ${facts.segmentsRestored} segments from the archive`;
  const last =
    recovered.recoveredTo === null ? 'no transaction seen in it' : `last transaction ${recovered.recoveredTo}`;
  const seconds = `${facts.recoverSeconds.toFixed(1)} s`;
  const recovery = [
    `PostgreSQL ${facts.version} recovered to ${targetInWords(target)} in ${seconds}`,
    facts.stopped ?? 'to the end of WAL',
    replayed,
    last,
  ];
  const detail = [
    // A folder that was shut down cleanly has nothing to recover.
    ...(facts.replayedBytes === null && !facts.archiveRecovery
      ? [`PostgreSQL ${facts.version} started in ${seconds}`, replayed]
      : recovery),
    `timeline ${facts.timeline}`,
    ...facts.notes,
  ].join('; ');
  const pointed = target.type !== 'latest' && facts.archiveRecovery;
  // Before version 13 a server that runs out of WAL before its target promotes itself and says nothing.
  if (pointed && facts.stopped === null)
    return { sound: false, detail: `the recovery target was not reached: ${detail}` };
  if (target.type !== 'latest' && target.type !== 'immediate' && !facts.archiveRecovery)
    return {
      sound: false,
      detail: `the copy asked for no recovery, so that ${targetInWords(target)} was not reached: ${detail}`,
    };
  return { sound: true, detail };
}

/** Every level from 1 to 5 once: what was not tried is skipped, and a missing level 1 has failed: unknown is not passed. */
export function finishLevels(tried: readonly DrillLevel[], wanted: number): readonly DrillLevel[] {
  const numbers = [1, 2, 3, 4, 5] as const;
  const failed = tried.find((l) => l.result !== 'passed');
  return numbers.map((number) => {
    const found = tried.find((l) => l.level === number);
    if (found !== undefined) return found;
    const untried = { level: number, name: drillLevels[number], seconds: 0 };
    if (number > wanted) return { ...untried, result: 'skipped', detail: 'not configured' };
    if (failed !== undefined && failed.level < number)
      return { ...untried, result: 'skipped', detail: `level ${failed.level} did not pass` };
    return { ...untried, result: 'failed', detail: 'it was not looked at' };
  });
}
