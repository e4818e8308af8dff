import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskCheck, Probe, Seen } from '../port.ts';
import { codeOf, inBytes, inPercent } from '../words.ts';

const writtenBytes = 4096;

/** Space of the file system below a path, whether it can be written to, and where wanted whether what is written can be read back. */
export const probeDisk: Probe<'disk'> = async (target) => {
  try {
    const space = judgeSpace(target, spaceOf(await statfs(target.path)));
    if (space.state === 'unhealthy') return space;
    const refused =
      target.writeAs === null ? await readOnly(target.path) : await writeAndRead(target.path, target.writeAs);
    return (
      refused ?? (target.writeAs === null ? space : { ...space, detail: `${space.detail}, written and read back` })
    );
  } catch (thrown) {
    return failed(thrown, 'cannot be looked at');
  }
};

export interface Space {
  readonly totalBytes: number;
  /** What a program without privileges may still use. */
  readonly availableBytes: number;
  /** Available of what is usable at all: a reserve for root counts as neither, as df has it. */
  readonly freeShare: number;
  /** Files that can still be made; null where the file system has no such bound. */
  readonly freeFiles: number | null;
}

export function spaceOf(s: {
  readonly bsize: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
}): Space {
  const usable = s.blocks - s.bfree + s.bavail;
  return {
    totalBytes: s.blocks * s.bsize,
    availableBytes: s.bavail * s.bsize,
    freeShare: usable > 0 ? s.bavail / usable : Number.NaN,
    freeFiles: s.files > 0 ? s.ffree : null,
  };
}

export function judgeSpace(target: Pick<DiskCheck, 'minFree' | 'warnFree'>, space: Space): Seen {
  if (!Number.isFinite(space.freeShare))
    return { state: 'error', answered: false, detail: 'the file system does not tell its size' };
  const free = `${inPercent(space.freeShare)} free (${inBytes(space.availableBytes)} of ${inBytes(space.totalBytes)})`;
  const say = (state: Seen['state'], limit: string): Seen => ({ state, answered: true, detail: `${free}${limit}` });
  if (space.freeFiles === 0) return say('unhealthy', ', but no further file can be made: its inodes are used up');
  if (space.availableBytes <= 0) return say('unhealthy', ': it is full');
  if (space.freeShare < target.minFree) return say('unhealthy', `, below ${inPercent(target.minFree)}`);
  if (space.freeShare < target.warnFree) return say('degraded', `, below ${inPercent(target.warnFree)}`);
  return say('healthy', '');
}

/** access() tells also root of a file system that is mounted read-only; whether this user may write is not asked here. */
async function readOnly(path: string): Promise<Seen | null> {
  try {
    await access(path, constants.W_OK);
    return null;
  } catch (thrown) {
    return codeOf(thrown) === 'EROFS' ? failed(thrown, '') : null;
  }
}

async function writeAndRead(folder: string, writeAs: string): Promise<Seen | null> {
  // Always the same name: a probe that was killed leaves one file, not one more each time.
  const name = createHash('sha256').update(writeAs).digest('hex').slice(0, 16);
  const path = join(folder, `.genesis-health-${name}`);
  try {
    await rm(path, { force: true });
    // Only a new file: never into one, or through a link, that somebody put there.
    const file = await open(path, 'wx+', 0o600);
    try {
      const written = randomBytes(writtenBytes);
      await file.write(written, 0, writtenBytes, 0);
      await file.sync();
      const { buffer, bytesRead } = await file.read(Buffer.alloc(writtenBytes), 0, writtenBytes, 0);
      if (bytesRead !== writtenBytes || !buffer.equals(written))
        return { state: 'unhealthy', answered: true, detail: 'what was written was read back differently' };
    } finally {
      await file.close();
      await rm(path, { force: true });
    }
    return null;
  } catch (thrown) {
    return failed(thrown, 'cannot be written to');
  }
}

const meanings: Readonly<Record<string, string>> = {
  EROFS: 'it is read-only',
  ENOSPC: 'it is full',
  EDQUOT: 'the quota is used up',
  EIO: 'the disk reports an error',
  ENOENT: 'the path is not there',
  ENOTDIR: 'the path is no folder',
  ESTALE: 'the mount is stale',
  ENOTCONN: 'the mount has lost its server',
  EHOSTDOWN: 'the server of the mount is down',
};

/** What the file system says is its state; everything else (permissions, no files left here) is ours. */
function failed(thrown: unknown, what: string): Seen {
  const code = codeOf(thrown) ?? 'unknown error';
  const meaning = meanings[code];
  return meaning === undefined
    ? { state: 'error', answered: false, detail: `${what}: ${code}` }
    : { state: 'unhealthy', answered: code === 'EROFS' || code === 'ENOSPC', detail: meaning };
}
