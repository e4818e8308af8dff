import { closeSync, fstatSync, openSync, readFileSync, readSync, truncateSync, writeSync } from 'node:fs';
import path from 'node:path';
import { chunkBytes, sealHeaderBytes, tagBytes } from '../../src/engines/backup/archive/crypto.ts';

/** [offset, stored length, raw length, SHA-256] as the manifest tells it. */
export type FrameFact = readonly [number, number, number, string];

/** The frames of an archive, read from the manifest's first line. */
export function framesOf(backupFolder: string, component = 'data'): readonly FrameFact[] {
  const [line = ''] = readFileSync(path.join(backupFolder, 'manifest.json'), 'utf8').split('\n');
  const manifest = JSON.parse(line) as { components: { name: string; archive: { frames: FrameFact[] } }[] };
  return manifest.components.find((c) => c.name === component)?.archive.frames ?? [];
}

/** Turns one bit over, at a share (0 to 1) of the file's length. */
export function flipBit(file: string, share: number): void {
  const fd = openSync(file, 'r+');
  try {
    const at = Math.min(Math.floor(fstatSync(fd).size * share), fstatSync(fd).size - 1);
    const byte = Buffer.alloc(1);
    readSync(fd, byte, 0, 1, at);
    byte.writeUInt8(byte.readUInt8(0) ^ 0b100, 0);
    writeSync(fd, byte, 0, 1, at);
  } finally {
    closeSync(fd);
  }
}

/** Keeps only the first share of a file. */
export function cutAt(file: string, share: number): void {
  truncateSync(file, Math.floor(readFileSync(file).length * share));
}

/** Header and sealed chunks of an encrypted file, as they stand. */
export function chunksOf(bytes: Buffer): { readonly header: Buffer; readonly chunks: readonly Buffer[] } {
  const chunks: Buffer[] = [];
  for (let at = sealHeaderBytes; at < bytes.length; at += chunkBytes + tagBytes)
    chunks.push(bytes.subarray(at, at + chunkBytes + tagBytes));
  return { header: bytes.subarray(0, sealHeaderBytes), chunks };
}
