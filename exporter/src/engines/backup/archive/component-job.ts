import { join } from 'node:path';
import { statSync } from 'node:fs';
import type { BackupWarning } from '../../../contract/backup.ts';
import { ComponentWriter } from './component-writer.ts';
import type { BackupJob, ComponentJob } from './backup-job.ts';
import { fromText, toText } from './entries.ts';
import type { ManifestComponent } from './format.ts';
import { ContentHasher, createCompressor, FrameThreads, type FrameCompressor } from './frame-threads.ts';
import { FrameWriter, type FrameWriterOptions, type WrittenFile } from './frame-write.ts';
import { archiveFile, fileListFile } from './layout.ts';
import { ListWriter } from './list-writer.ts';
import { readOwners } from './owners.ts';
import { ParentCursor } from './parent-cursor.ts';
import { maxPathBytes, tarEnd } from './tar-write.ts';
import { createThrottle } from './throttle.ts';
import { inodeOf, walkTree } from './walk.ts';

/** Raw bytes of one archive frame (level 1 looks back half a MiB only, so larger ones gain nothing), and what a header may run beyond its end. */
const archiveFrameBytes = 2 * 2 ** 20;
const archiveSlackBytes = 8 * maxPathBytes;
/** Lists are read back a few lines at a time: small frames keep that cheap. */
const listFrameBytes = 2 ** 20;
const listSlackBytes = 2 ** 17;
/**
 * Measured on node_modules, logs and JSON: 1 takes 40-60 % of the time of zstd's default 3, for files 11 % larger, 4 % larger and 6 % smaller.
 * The hashes that tar does not compute take what is saved.
 */
const level = 1;
/**
 * Frames of the archive that were read and are not yet written: enough that a thread which has to wait for a processor does not stop the others (half as many
 * took a third longer on a busy machine), few enough for the memory a backup may take (each is 4 MiB: raw and compressed).
 */
const framesInFlight = 10;
export const maxWarnings = 100;

/** Collects warnings of the whole backup; each component counts its own. */
export interface WarningSink {
  readonly warnings: BackupWarning[];
  count: number;
}

export interface ComponentRun {
  readonly sink: WarningSink;
  /** Called after every item. */
  tick(entries: number, bytes: number): void;
}

/**
 * Copies one component into the folder of the backup: walks its roots, writes archive and file list, both fsynced when this resolves.
 * Throws OpError `source_missing`, `backup_corrupt` (the parent's list), and what writing throws.
 */
export async function runComponent(
  job: BackupJob,
  component: ComponentJob,
  run: ComponentRun,
): Promise<ManifestComponent> {
  const threads = new FrameThreads(job.limits.concurrency);
  const hasher = new ContentHasher(threads, (digests) => list.takeDigests(digests));
  const compressor = createCompressor(level, threads);
  const archive = openWriter(job, component, {
    which: 'archive',
    compressor,
    framesInFlight,
    onFrame: (raw, full) => hasher.frame(raw, full),
  });
  const files = openWriter(job, component, {
    which: 'files',
    compressor: forLists(compressor),
    framesInFlight: 1,
    onFrame: null,
  });
  const list = new ListWriter(files, archive);
  const parent = openParent(job, component);
  const report = createReport(run.sink);
  const { bandwidthBytesPerSecond } = job.limits;
  const writer = new ComponentWriter({
    archive,
    hasher,
    list,
    parent,
    compareContent: job.compareContent,
    owners: readOwners(),
    nowMs: () => performance.timeOrigin + performance.now(),
    warn: report.warn,
    throttle: bandwidthBytesPerSecond === null ? null : createThrottle(bandwidthBytesPerSecond),
  });
  try {
    await parent?.advance();
    await copyRoots(job, component, { writer, list, report, run });
    await writer.end();
    archive.put(tarEnd);
    const archived = await archive.finish();
    await list.end();
    const listed = await files.finish();
    return componentResult(component, { writer, list, report, archived, listed });
  } finally {
    await parent?.close();
    await threads.close();
  }
}

interface Parts {
  readonly writer: ComponentWriter;
  readonly list: ListWriter;
  readonly report: Report;
}

async function copyRoots(
  job: BackupJob,
  component: ComponentJob,
  parts: Parts & { readonly run: ComponentRun },
): Promise<void> {
  const { writer, list, report, run } = parts;
  const never = new Set([inodeOf(statSync(job.repository, { bigint: true }))]);
  for (const root of component.roots) {
    const items = walkTree({
      root: { name: fromText(root.name), path: fromText(root.resolved) },
      excludes: component.excludes,
      never,
      report,
    });
    for (const item of items) {
      const waits = writer.add(item);
      if (waits !== null) await waits;
      run.tick(list.entries, writer.totals.bytes);
    }
  }
}

interface Report {
  readonly skipped: Record<string, number>;
  readonly warnings: () => number;
  warn(kind: BackupWarning['kind'], path: string, message: string): void;
  skip(kind: string): void;
}

function createReport(sink: WarningSink): Report {
  const skipped: Record<string, number> = {};
  let warnings = 0;
  return {
    skipped,
    warnings: () => warnings,
    warn(kind, path, message) {
      warnings += 1;
      sink.count += 1;
      if (sink.warnings.length < maxWarnings) sink.warnings.push({ kind, path: toText(path), message });
    },
    skip(kind) {
      skipped[kind] = (skipped[kind] ?? 0) + 1;
    },
  };
}

/** Lists are small beside what they list: they use compressing threads that run already but start none, which would take longer than they save. */
function forLists(compressor: FrameCompressor): FrameCompressor {
  return { compress: (buffer, length) => compressor.compress(buffer, length, false) };
}

interface WriterChoice extends Pick<FrameWriterOptions, 'compressor' | 'framesInFlight' | 'onFrame'> {
  readonly which: 'archive' | 'files';
}

function openWriter(job: BackupJob, component: ComponentJob, { which, ...shared }: WriterChoice): FrameWriter {
  const { salts } = component;
  const sealed = salts !== null && job.key !== null;
  const name = which === 'archive' ? archiveFile(component.name, sealed) : fileListFile(component.name, sealed);
  return new FrameWriter({
    path: join(job.folder, name),
    name,
    frameBytes: which === 'archive' ? archiveFrameBytes : listFrameBytes,
    slackBytes: which === 'archive' ? archiveSlackBytes : listSlackBytes,
    ...shared,
    seal:
      salts === null || job.key === null ? null : { key: Buffer.from(job.key), salt: Buffer.from(salts[which], 'hex') },
  });
}

function openParent(job: BackupJob, component: ComponentJob): ParentCursor | null {
  if (component.parent === null) return null;
  const { backupId, folder, stored } = component.parent;
  return new ParentCursor({
    folder,
    backupId,
    component: component.name,
    stored,
    key: job.key === null ? null : Buffer.from(job.key),
  });
}

interface Finished extends Parts {
  readonly archived: WrittenFile;
  readonly listed: WrittenFile;
}

function componentResult(component: ComponentJob, finished: Finished): ManifestComponent {
  const { writer, list, report, archived, listed } = finished;
  return {
    name: component.name,
    status: report.warnings() === 0 ? 'completed' : 'completed_with_warnings',
    entries: list.entries,
    bytes: writer.totals.bytes,
    addedBytes: writer.totals.addedBytes,
    storedBytes: archived.fileBytes + listed.fileBytes,
    warnings: report.warnings(),
    skipped: report.skipped,
    error: null,
    roots: component.roots.map(({ name, path, kind }) => ({ name, path, kind })),
    archive: archived.stored,
    files: listed.stored,
    deleted: list.deleted,
  };
}
