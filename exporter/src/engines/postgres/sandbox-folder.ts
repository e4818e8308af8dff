import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail, ok, OpError, toOpError, type Outcome } from '../../contract/errors.ts';
import type { UnixUser } from '../postgres-target.ts';
import type { EngineDeps } from '../backup/port.ts';
import {
  confText,
  hbaText,
  libraryNames,
  ownFiles,
  parseAutoConf,
  recoverySettingsOf,
  serverSettings,
} from './isolation.ts';
import { majorOfData, type PgPrograms } from './programs.ts';
import { isInside, linksOut, readControl, readPlain, unpassable, writeOwn, type ControlFacts } from './restored.ts';
import { ownFolderName, shortSocketPrefix } from './sweep.ts';

/** Makes a restored data folder ready to be started: what it must not be is refused, what it must not say is taken out of force. */

export interface SandboxFolder {
  /** Real paths. */
  readonly data: string;
  readonly own: string;
  readonly socketFolder: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly control: ControlFacts;
  /** The folder asks for recovery from an archive, not only from what lies in its pg_wal. */
  readonly archiveRecovery: boolean;
  readonly libraries: readonly string[];
  /** Facts for the evidence. */
  readonly notes: readonly string[];
  /** Puts the restored configuration back into force, for whoever keeps the folder. */
  restore(): void;
}

export interface FolderInput {
  readonly data: string;
  readonly folder: string;
  readonly programs: PgPrograms;
  readonly runAs: UnixUser | null;
  readonly signal: AbortSignal;
  readonly allowedLibraries: readonly string[];
  /** Whether recovery may be asked for in the folder. */
  readonly promote: boolean;
  readonly throwaway?: boolean;
}

/** A socket's address may have 107 bytes, and the server adds its own name and a lock file's. */
const maxSocketFolderBytes = 80;
const port = 5432;

/** Errors: `unsafe_archive`: links lead out; `version_mismatch`; `restore_failed`: not a cluster, damaged, in use; `disk_full`. */
export async function prepareFolder(deps: EngineDeps, input: FolderInput): Promise<Outcome<SandboxFolder>> {
  try {
    return await prepare(deps, input);
  } catch (thrown) {
    const isExpected = thrown instanceof OpError || typeof (thrown as NodeJS.ErrnoException).code === 'string';
    if (!isExpected) throw thrown;
    return { ok: false, error: toOpError(thrown, 'restore_failed') };
  }
}

async function prepare(deps: EngineDeps, input: FolderInput): Promise<Outcome<SandboxFolder>> {
  const { programs, runAs, signal } = input;
  const [folder, data] = [realpathSync(input.folder), realpathSync(input.data)];
  const refused = await refusal(folder, data, input);
  if (!refused.ok) return refused;
  const control = await readControl(deps.exec, programs.bin, data, { signal, runAs });
  if (!control.ok) return control;
  const own = join(folder, ownFolderName);
  makePrivate(own, runAs);
  const socketFolder = makeSocketFolder(own, runAs);
  const libraries = await librariesToLoad(deps, input, data);
  const archiveRecovery = askRecovery(data, runAs);
  if (archiveRecovery && !input.promote)
    return fail('restore_failed', `${data} asks for recovery (recovery.signal), which was not expected`);
  writeFiles(own, data, socketFolder, runAs);
  return ok({
    data,
    own,
    socketFolder,
    settings: serverSettings({
      major: programs.major,
      data,
      own,
      socketFolder,
      port,
      libraries,
      recorded: control.value,
      throwaway: input.throwaway === true,
    }),
    control: control.value,
    archiveRecovery,
    libraries,
    notes: libraries.length === 0 ? [] : [`libraries loaded: ${libraries.join(', ')}`],
    restore: () => putBack(own, data, socketFolder, runAs),
  });
}

async function refusal(folder: string, data: string, input: FolderInput): Promise<Outcome<void>> {
  const { runAs, programs } = input;
  if (!isInside(folder, data) || folder === data)
    return fail('unsafe_archive', `the data folder ${data} lies outside of ${folder}`);
  if (process.getuid?.() === 0 && runAs === null)
    return fail(
      'restore_failed',
      'PostgreSQL refuses to run as root, and no user is known to run it as: set postgres.run_as',
    );
  const major = await majorOfData(data);
  if (!major.ok) return major;
  if (major.value !== programs.major)
    return fail(
      'version_mismatch',
      `the backup is of PostgreSQL ${major.value}, ${programs.bin} has ${programs.version}`,
    );
  // Recovery was asked for in another way before.
  if (programs.major < 12)
    return fail('not_supported', `PostgreSQL ${programs.version} is too old: drills need 12 or newer`);
  if (!programs.server) return fail('program_missing', `${programs.bin} has no server (postgres)`);
  const links = await linksOut(folder, data);
  if (links.length > 0)
    return fail(
      'unsafe_archive',
      `links of the restored cluster lead out of the folder of the drill: ${links.join(', ')}`,
      {
        details: { links },
      },
    );
  if (runAs !== null) {
    // The folder is this process's own until here; what was restored into it belongs to the user already.
    chownSync(folder, runAs.uid, runAs.gid);
    const closed = unpassable(folder, runAs);
    if (closed !== null)
      return fail('restore_failed', `the user ${runAs.uid} of PostgreSQL may not pass ${closed}: give it mode 0711`);
  }
  return ok(undefined);
}

function makePrivate(folder: string, runAs: UnixUser | null): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // What stands in a folder of another user may be a link to somewhere else.
  if (!lstatSync(folder).isDirectory()) throw new OpError('unsafe_archive', `${folder} is not a folder`);
  chmodSync(folder, 0o700);
  if (runAs !== null) chownSync(folder, runAs.uid, runAs.gid);
}

function makeSocketFolder(own: string, runAs: UnixUser | null): string {
  const inside = join(own, 's');
  if (Buffer.byteLength(inside) <= maxSocketFolderBytes) {
    makePrivate(inside, runAs);
    return inside;
  }
  const short = mkdtempSync(join(tmpdir(), shortSocketPrefix));
  makePrivate(short, runAs);
  return short;
}

/**
 * Those of the allowed libraries that are installed here, and that the restored configuration asks for where it is in the folder
 * (Debian keeps it in /etc: then all of them).
 */
async function librariesToLoad(deps: EngineDeps, input: FolderInput, data: string): Promise<readonly string[]> {
  if (input.allowedLibraries.length === 0) return [];
  const run = await deps.exec.run(join(input.programs.bin, 'pg_config'), ['--pkglibdir'], {
    timeoutMs: 10_000,
    signal: input.signal,
  });
  const folder = run.ok && run.value.exitCode === 0 ? run.value.stdout.trim() : join(input.programs.bin, '../lib');
  const installed = new Set(existsSync(folder) ? readdirSync(folder) : []);
  const conf = readPlain(join(data, 'postgresql.conf'));
  const auto = readPlain(join(data, 'postgresql.auto.conf'));
  const setting = parseAutoConf(`${conf ?? ''}\n${auto ?? ''}`)['shared_preload_libraries'];
  const asked = conf === null && setting === undefined ? null : libraryNames(setting ?? '');
  return input.allowedLibraries.filter(
    (name) => installed.has(`${name}.so`) && (asked === null || asked.includes(name)),
  );
}

/** Whether the folder asks for archive recovery. A copy of a standby would follow its primary for ever: it is made to recover instead. */
function askRecovery(data: string, runAs: UnixUser | null): boolean {
  const there = (name: string): boolean => lstatSync(join(data, name), { throwIfNoEntry: false }) !== undefined;
  if (there('standby.signal')) {
    const auto = parseAutoConf(readPlain(join(data, 'postgresql.auto.conf')) ?? '');
    // Without an archive there is nothing to recover from but pg_wal, which needs no signal.
    if (auto['restore_command'] !== undefined) writeOwn(join(data, 'recovery.signal'), '', runAs);
    rmSync(join(data, 'standby.signal'));
  }
  return there('recovery.signal');
}

function writeFiles(own: string, data: string, socketFolder: string, runAs: UnixUser | null): void {
  const auto = join(data, 'postgresql.auto.conf');
  const saved = join(own, ownFiles.savedAuto);
  // After a start that failed half-way the saved one is the restored one.
  if (readPlain(saved) === null) {
    const text = readPlain(auto);
    if (text !== null) writeOwn(saved, text, runAs);
  }
  const restored = parseAutoConf(readPlain(saved) ?? '');
  writeOwn(auto, confText(recoverySettingsOf(restored)), runAs);
  writeOwn(join(own, ownFiles.conf), '', runAs);
  writeOwn(join(own, ownFiles.hba), hbaText, runAs);
  writeOwn(join(own, ownFiles.ident), '', runAs);
  writeOwn(join(own, ownFiles.state), `${JSON.stringify({ data, socketFolder })}\n`, runAs);
  rmSync(join(own, ownFiles.log), { force: true });
}

function putBack(own: string, data: string, socketFolder: string, runAs: UnixUser | null): void {
  const saved = join(own, ownFiles.savedAuto);
  const text = readPlain(saved);
  const auto = join(data, 'postgresql.auto.conf');
  if (text === null) rmSync(auto, { force: true });
  else {
    writeOwn(`${auto}.genesis`, text, runAs);
    renameSync(`${auto}.genesis`, auto);
    rmSync(saved);
  }
  if (socketFolder !== join(own, 's')) rmSync(socketFolder, { recursive: true, force: true });
}
