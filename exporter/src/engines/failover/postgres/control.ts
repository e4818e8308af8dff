import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import { lastWords, runProgram } from './local.ts';
import type { Work } from './work.ts';

/** What pg_controldata says about a folder that no server uses. */
export interface ControlFacts {
  readonly systemId: string;
  /** e.g. `shut down`, `shut down in recovery`, `in production` (it crashed). */
  readonly state: string;
  /** The one that it has come to; that of the checkpoint is older when none was made since. */
  readonly timeline: number;
  readonly checkpointTimeline: number;
  /** Begin of the newest checkpoint: after a clean stop of a primary the last thing that was written. */
  readonly checkpointBytes: number;
  /** Of a standby: as far as it has written; 0 on a primary. */
  readonly recoveryEndBytes: number;
  /** pg_rewind can tell which blocks have changed: data checksums or wal_log_hints. */
  readonly rewindable: boolean;
}

export async function readControl(work: Work, data: string): Promise<Outcome<ControlFacts>> {
  const run = await runProgram(work, data, 'pg_controldata', ['-D', data]);
  if (!run.ok) return run;
  const facts = run.value.exitCode === 0 ? parseControl(run.value.stdout) : null;
  return facts === null
    ? fail('failover_failed', `pg_controldata cannot read ${data}: ${lastWords(run.value)}`)
    : ok(facts);
}

/** Pure; null: not what pg_controldata prints. */
export function parseControl(text: string): ControlFacts | null {
  const lines = new Map(
    text.split('\n').map((line) => {
      const at = line.indexOf(':');
      return [line.slice(0, at), line.slice(at + 1).trim()] as const;
    }),
  );
  const systemId = lines.get('Database system identifier');
  const state = lines.get('Database cluster state');
  const checkpointTimeline = Number(lines.get("Latest checkpoint's TimeLineID"));
  const recoveryTimeline = Number(lines.get("Min recovery ending loc's timeline") ?? 0);
  const checkpointBytes = positionBytes(lines.get('Latest checkpoint location') ?? '');
  if (
    systemId === undefined ||
    state === undefined ||
    !Number.isInteger(checkpointTimeline) ||
    checkpointBytes === null
  )
    return null;
  return {
    systemId,
    state,
    timeline: Math.max(checkpointTimeline, recoveryTimeline),
    checkpointTimeline,
    checkpointBytes,
    recoveryEndBytes: positionBytes(lines.get('Minimum recovery ending location') ?? '') ?? 0,
    rewindable: Number(lines.get('Data page checksum version')) > 0 || lines.get('wal_log_hints setting') === 'on',
  };
}

/** `0/3028588` → bytes from the beginning of the log, exact up to 8 PiB; null: no position. */
export function positionBytes(text: string): number | null {
  const parts = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(text);
  return parts === null ? null : Number.parseInt(parts[1] ?? '', 16) * 2 ** 32 + Number.parseInt(parts[2] ?? '', 16);
}

export function isCleanStop(state: string): boolean {
  return state === 'shut down' || state === 'shut down in recovery';
}
