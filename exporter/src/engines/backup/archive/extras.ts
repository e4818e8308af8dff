import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { OpError, type Outcome } from '../../../contract/errors.ts';
import type { Random } from '../../../ports/index.ts';
import type { RepositoryRef } from '../port.ts';
import { openSealed, saltBytes, sealBuffer } from './crypto.ts';
import { makeFolder, replaceDurably } from './durable-write.ts';
import { errnoOf } from './errno.ts';
import { extraFile, isSafeName } from './format.ts';
import { asOutcome, writeKey } from './repository.ts';

/** See `BackupEngine.saveExtra`. */
export function saveExtras(
  random: Random,
  repository: RepositoryRef,
  files: readonly { readonly name: string; readonly content: Buffer }[],
  signal: AbortSignal,
): Promise<Outcome<void>> {
  return asOutcome(async () => {
    const key = await writeKey(repository);
    for (const { name, content } of files) {
      if (!isSafeName(name)) throw new RangeError(`not a name for a file: ${name}`);
      if (signal.aborted) throw new OpError('cancelled', `cancelled before ${name} was saved`);
      const path = extraFile(repository.path, name, key !== null);
      await makeFolder(dirname(path));
      await replaceDurably(path, key === null ? content : sealBuffer(key, random.bytes(saltBytes), content));
    }
  });
}

/** See `BackupEngine.loadExtra`. */
export function loadExtraFile(repository: RepositoryRef, name: string): Promise<Outcome<Buffer>> {
  return asOutcome(async () => {
    if (!isSafeName(name)) throw new OpError('not_found', `${repository.path} holds no ${name}`);
    const key = await writeKey(repository);
    const path = extraFile(repository.path, name, key !== null);
    try {
      return key === null ? await readFile(path) : readSealedFile(path, key);
    } catch (cause) {
      if (errnoOf(cause) !== 'ENOENT') throw cause;
      throw new OpError('not_found', `${path} does not exist`, { cause });
    }
  });
}

function readSealedFile(path: string, key: Buffer): Buffer {
  const fd = openSync(path, 'r');
  try {
    const sealed = openSealed(fd, fstatSync(fd).size, key, path);
    return sealed.read(0, sealed.plainBytes);
  } finally {
    closeSync(fd);
  }
}
