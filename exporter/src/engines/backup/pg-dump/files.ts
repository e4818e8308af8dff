import { createHash, type Hash } from 'node:crypto';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { chmod, open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { OpError } from '../../../contract/errors.ts';
import { createSealer, openSealed } from '../archive/crypto.ts';
import { makeFolder } from '../archive/durable-write.ts';
import { errnoOf } from '../archive/errno.ts';
import type { StoredFile } from './manifest.ts';

const chunkBytes = 2 ** 20;

/** Told how many more bytes were worked through. */
export type OnBytes = (bytes: number) => void;

export interface Pass {
  readonly signal: AbortSignal;
  readonly onBytes: OnBytes;
}

function checkCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new OpError('cancelled', 'it was cancelled');
}

/** Gives the file's bytes in pieces that may be kept only until the next one. */
async function eachChunk(path: string, pass: Pass, work: (chunk: Buffer) => Promise<void>): Promise<void> {
  const handle = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(chunkBytes);
    for (;;) {
      checkCancelled(pass.signal);
      const { bytesRead } = await handle.read(buffer, 0, chunkBytes, null);
      if (bytesRead === 0) return;
      await work(buffer.subarray(0, bytesRead));
      pass.onBytes(bytesRead);
    }
  } finally {
    await handle.close();
  }
}

/** SHA-256 and size. */
export async function hashFile(path: string, pass: Pass): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  await eachChunk(path, pass, (chunk) => {
    hash.update(chunk);
    bytes += chunk.length;
    return Promise.resolve();
  });
  return { bytes, sha256: hash.digest('hex') };
}

export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Every regular file below a folder, relative, sorted; a file itself gives `['']`. */
export async function filesBelow(path: string): Promise<readonly string[]> {
  if (!(await stat(path)).isDirectory()) return [''];
  const names = await readdir(path, { recursive: true, withFileTypes: true });
  return names
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort();
}

/** Bytes of all files below; what vanishes meanwhile counts as nothing. */
export async function sizeBelow(path: string): Promise<number> {
  let sum = 0;
  for (const name of await filesBelow(path).catch(() => [])) {
    sum += await stat(join(path, name))
      .then((s) => s.size)
      .catch(() => 0);
  }
  return sum;
}

/** Hashes a file that already stands where it belongs and makes it durable. `path` is what the manifest calls it. */
export async function storePlain(file: string, path: string, pass: Pass): Promise<StoredFile> {
  await chmod(file, 0o600);
  const { bytes, sha256 } = await hashFile(file, pass);
  await syncFile(file);
  return { path, bytes, sha256, plainBytes: bytes, plainSha256: sha256 };
}

interface Sink {
  readonly handle: FileHandle;
  readonly hash: Hash;
  bytes: number;
}

async function put(sink: Sink, parts: readonly Buffer[]): Promise<void> {
  for (const part of parts) {
    sink.hash.update(part);
    sink.bytes += part.length;
    await sink.handle.writeFile(part);
  }
}

/** Seals a clear file into `target` (new); the clear one stays. */
export async function storeSealed(
  source: string,
  target: string,
  path: string,
  seal: { readonly key: Buffer; readonly salt: Buffer },
  pass: Pass,
): Promise<StoredFile> {
  await makeFolder(dirname(target));
  const handle = await open(target, 'wx', 0o600);
  try {
    const sealer = createSealer(seal.key, seal.salt);
    const sink: Sink = { handle, hash: createHash('sha256'), bytes: 0 };
    const plain = createHash('sha256');
    let plainBytes = 0;
    await put(sink, [sealer.header]);
    await eachChunk(source, pass, async (chunk) => {
      plain.update(chunk);
      plainBytes += chunk.length;
      await put(sink, sealer.append(chunk));
    });
    await put(sink, sealer.finish());
    await handle.sync();
    return { path, bytes: sink.bytes, sha256: sink.hash.digest('hex'), plainBytes, plainSha256: plain.digest('hex') };
  } finally {
    await handle.close();
  }
}

/** Null when the stored bytes are what the manifest says, else what is wrong. */
export async function faultOf(file: string, stored: StoredFile, pass: Pass): Promise<string | null> {
  try {
    const found = await hashFile(file, pass);
    if (found.bytes !== stored.bytes) return `has ${found.bytes} bytes, ${stored.bytes} were stored`;
    return found.sha256 === stored.sha256 ? null : 'was changed: its SHA-256 differs';
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return 'is missing';
    if (errnoOf(thrown) === 'EIO') return 'cannot be read (EIO)';
    throw thrown;
  }
}

/**
 * Brings a stored file out as it was dumped, into `target` (new, mode 0600), and proves it on the way.
 * Throws OpError `backup_corrupt`, `cancelled`.
 */
export async function bringOut(
  file: string,
  stored: StoredFile,
  key: Buffer | null,
  target: string,
  pass: Pass,
): Promise<void> {
  await makeFolder(dirname(target));
  const handle = await open(target, 'wx', 0o600);
  try {
    const sink: Sink = { handle, hash: createHash('sha256'), bytes: 0 };
    if (key === null) await eachChunk(file, pass, (chunk) => put(sink, [chunk]));
    else await unseal(file, key, sink, pass);
    if (sink.bytes !== stored.plainBytes || sink.hash.digest('hex') !== stored.plainSha256)
      throw new OpError('backup_corrupt', `${file}: was changed: its SHA-256 differs`);
    await handle.sync();
  } catch (thrown) {
    if (errnoOf(thrown) !== 'ENOENT') throw thrown;
    throw new OpError('backup_corrupt', `${file}: is missing`, { cause: thrown });
  } finally {
    await handle.close();
  }
}

async function unseal(file: string, key: Buffer, sink: Sink, pass: Pass): Promise<void> {
  const fd = openSync(file, 'r');
  try {
    const reader = openSealed(fd, fstatSync(fd).size, key, file);
    for (let at = 0; at < reader.plainBytes || at === 0; at += chunkBytes) {
      checkCancelled(pass.signal);
      const length = Math.min(chunkBytes, reader.plainBytes - at);
      await put(sink, [reader.read(at, length)]);
      pass.onBytes(length);
      await breathe();
    }
  } finally {
    closeSync(fd);
  }
}
