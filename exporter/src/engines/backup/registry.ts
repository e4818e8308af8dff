import type { BackupEngine, EngineDeps } from './port.ts';
import { deriveKey, keyFingerprint } from './archive/crypto.ts';
import { createArchiveEngine } from './archive/engine.ts';
import { markerFile } from './archive/format.ts';
import { createPgDumpEngine } from './pg-dump/engine.ts';
import { createPgbackrestEngine } from './pgbackrest/engine.ts';
import { createResticEngine } from './restic/engine.ts';

/** What the runtime needs of a kind of backup engine beside the engine itself. */
export interface BackupEngineKind {
  readonly name: string;
  create(deps: EngineDeps): BackupEngine;
  /** 32 bytes from the configured text; slow on purpose. */
  deriveKey(text: string): Buffer;
  keyFingerprint(key: Buffer): string;
  /** The file that marks a folder as one of its repositories (those that Genesis itself lays out). */
  readonly markerFile: string;
}

const archive: BackupEngineKind = {
  name: 'archive',
  create: createArchiveEngine,
  deriveKey,
  keyFingerprint,
  markerFile,
};

const pgbackrest: BackupEngineKind = { ...archive, name: 'pgbackrest', create: createPgbackrestEngine };
const restic: BackupEngineKind = { ...archive, name: 'restic', create: createResticEngine };
const pgDump: BackupEngineKind = { ...archive, name: 'pg_dump', create: createPgDumpEngine };

/** Every kind there is, listed explicitly; the configuration's union has the same names. */
export const backupEngineKinds: readonly BackupEngineKind[] = [archive, pgbackrest, pgDump, restic];

/** Throws on a name that the configuration should have refused. */
export function backupEngineKind(name: string): BackupEngineKind {
  const found = backupEngineKinds.find((k) => k.name === name);
  if (found === undefined) throw new Error(`no backup engine is called ${name}`);
  return found;
}
