import { z } from 'zod';
import type { BackupWarning } from '../../../contract/backup.ts';

/** What restic 0.14 writes. Pure; shapes that later versions add to are read as far as they are known. */

export const Snapshot = z.object({
  id: z.string().regex(/^[0-9a-f]{64}$/),
  /** Hash over everything in it: the same in every copy. */
  tree: z.string().regex(/^[0-9a-f]{64}$/),
  /** Of a copy: the id that it had where it was made. */
  original: z.string().optional(),
  time: z.string(),
  paths: z.array(z.string()),
  hostname: z.string(),
  tags: z.array(z.string()).nullish(),
});
export type Snapshot = z.infer<typeof Snapshot>;

/** Null: it is not the JSON of `snapshots --json`. */
export function readSnapshots(text: string): readonly Snapshot[] | null {
  const parsed = z.array(Snapshot).nullable().safeParse(parseJson(text));
  return parsed.success ? (parsed.data ?? []) : null;
}

const Summary = z.object({
  message_type: z.literal('summary'),
  files_new: z.number(),
  files_changed: z.number(),
  files_unmodified: z.number(),
  dirs_new: z.number(),
  dirs_changed: z.number(),
  dirs_unmodified: z.number(),
  data_added: z.number(),
  /** Since 0.17. */
  data_added_packed: z.number().optional(),
  total_bytes_processed: z.number(),
  /** Short before 0.17. */
  snapshot_id: z.string().regex(/^[0-9a-f]{8,64}$/),
});
export type Summary = z.infer<typeof Summary>;

const Status = z.object({
  message_type: z.literal('status'),
  files_done: z.number().default(0),
  bytes_done: z.number().default(0),
  total_bytes: z.number().default(0),
  error_count: z.number().default(0),
});

const Failure = z.object({
  message_type: z.literal('error'),
  error: z.unknown(),
  item: z.string().default(''),
});

export type BackupLine =
  | { readonly kind: 'summary'; readonly summary: Summary }
  | {
      readonly kind: 'status';
      readonly filesDone: number;
      readonly bytesDone: number;
      readonly bytesTotal: number;
      readonly errors: number;
    }
  | { readonly kind: 'error'; readonly path: string; readonly message: string };

/** One line of `backup --json`; null: none that says something. */
export function readBackupLine(line: string): BackupLine | null {
  const json = parseJson(line);
  const summary = Summary.safeParse(json);
  if (summary.success) return { kind: 'summary', summary: summary.data };
  const status = Status.safeParse(json);
  if (status.success) {
    const { files_done: filesDone, bytes_done: bytesDone, total_bytes: bytesTotal, error_count: errors } = status.data;
    return { kind: 'status', filesDone, bytesDone, bytesTotal, errors };
  }
  const failure = Failure.safeParse(json);
  return failure.success ? { kind: 'error', path: failure.data.item, message: reasonOf(failure.data.error) } : null;
}

/** Go's errors as JSON: `{Op, Path, Err: <errno>}`, or `{message}` since 0.17. */
function reasonOf(error: unknown): string {
  const known = z.object({ message: z.string() }).safeParse(error);
  if (known.success) return known.data.message;
  const system = z.object({ Op: z.string(), Err: z.number() }).safeParse(error);
  if (!system.success) return 'it could not be read';
  return system.data.Err === 13
    ? `${system.data.Op}: permission denied`
    : `${system.data.Op}: errno ${system.data.Err}`;
}

/** Files that could not be read: 0.14 says them on standard error, the rest on standard output. */
export function unreadable(stderr: string): readonly BackupWarning[] {
  return stderr
    .split('\n')
    .map(readBackupLine)
    .flatMap((line) => (line?.kind === 'error' ? [warningOf(line.path, line.message)] : []));
}

export function warningOf(path: string, message: string): BackupWarning {
  return { kind: /errno 2\b|no such file/.test(message) ? 'vanished' : 'unreadable', path, message };
}

/** A source that was not there: restic leaves it out, exits with 0 and says so in words only. */
export function skippedSources(stderr: string): readonly string[] {
  return [...stderr.matchAll(/^(.+) does not exist, skipping$/gm)].map(([, path = '']) => path);
}

const Node = z.object({
  struct_type: z.literal('node'),
  type: z.string(),
  path: z.string(),
  uid: z.number(),
  gid: z.number(),
  size: z.number().default(0),
  /** Go's os.FileMode: permission bits, and flags high above them. */
  mode: z.number(),
  mtime: z.string(),
});

export interface ListedNode {
  readonly type: 'file' | 'dir' | 'symlink' | 'other';
  /** Absolute, as it was backed up. */
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
  readonly bytes: number;
  /** Unix permission bits with set-uid, set-gid and sticky. */
  readonly mode: number;
  /** With nanoseconds, as restic says it. */
  readonly modifiedAt: string;
}

const goFlags = { setuid: 2 ** 23, setgid: 2 ** 22, sticky: 2 ** 20 };

/** One line of `ls --json`; null: the snapshot's own line, or none. */
export function readNode(line: string): ListedNode | null {
  const parsed = Node.safeParse(parseJson(line));
  if (!parsed.success) return null;
  const { type, path, uid, gid, size, mode, mtime } = parsed.data;
  const has = (flag: number): boolean => Math.floor(mode / flag) % 2 === 1;
  return {
    type: type === 'file' || type === 'dir' || type === 'symlink' ? type : 'other',
    path,
    uid,
    gid,
    bytes: size,
    mode:
      (mode & 0o777) |
      (has(goFlags.setuid) ? 0o4000 : 0) |
      (has(goFlags.setgid) ? 0o2000 : 0) |
      (has(goFlags.sticky) ? 0o1000 : 0),
    modifiedAt: mtime,
  };
}

export interface CheckReport {
  readonly sound: boolean;
  /** Lines that say what is wrong; damaged packs are named in them. */
  readonly faults: readonly string[];
  /** Packs whose content was read back; null: restic did not say. */
  readonly packsRead: number | null;
}

const calm =
  /^(using temporary cache|created new cache|create exclusive lock|load indexes|check all packs|check snapshots|read |repository [0-9a-f]+ opened|no errors were found|\[\d+:\d+|Fatal: repository contains errors|The repository index|This is non-critical|run `restic|$)/;

/** Sound only when it says so and ended with 0; everything it says beside its progress is a fault. */
export function readCheck(result: {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}): CheckReport {
  const lines = `${result.stdout}\n${result.stderr}`.split('\n').map((line) => line.trim());
  const said = lines.includes('no errors were found');
  const packs = [...result.stdout.matchAll(/(\d+) \/ \d+ packs/g)].at(-1)?.[1];
  const faults = lines.filter((line) => !calm.test(line));
  const sound = result.exitCode === 0 && said;
  return {
    sound,
    faults: sound
      ? []
      : faults.length > 0
        ? faults
        : [`restic check ended with ${result.exitCode} and no word of soundness`],
    packsRead: packs === undefined ? null : Number(packs),
  };
}

/** Files that `restore --verify` read back and compared; null: it did not say so. */
export function verifiedFiles(stdout: string): number | null {
  const count = /^finished verifying (\d+) files in /m.exec(stdout)?.[1];
  return count === undefined ? null : Number(count);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
