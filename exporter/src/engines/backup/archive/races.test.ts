import { jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { ComponentWriter } from './component-writer.ts';
import { decodeEntry, type FileEntry } from './entries.ts';
import { ContentHasher, createCompressor, FrameThreads } from './frame-threads.ts';
import { FrameWriter, type FrameWriterOptions } from './frame-write.ts';
import { ListWriter } from './list-writer.ts';
import { readOwners } from './owners.ts';
import { tarEnd } from './tar-write.ts';
import { createSandbox, type Sandbox } from './test-support.ts';
import { walkTree, type WalkItem } from './walk.ts';

// Threads start slowly on a busy machine.
jest.setTimeout(60_000);

/** Whatever happens to the tree between two steps of the walk and the copy: each test does it exactly there. */

let box: Sandbox;
let warnings: string[];
let nowMs: () => number;
let skipped: string[];
const threads = new FrameThreads(2);
const compressor = createCompressor(1, threads);
afterAll(() => threads.close());
beforeEach(() => {
  box = createSandbox();
  mkdirSync(box.at('tree/dir'), { recursive: true });
  writeFileSync(box.at('tree/a'), 'first content');
  writeFileSync(box.at('tree/dir/inner'), 'inner');
  warnings = [];
  nowMs = () => Infinity;
  skipped = [];
});
afterEach(() => box.remove());

function walk(): Generator<WalkItem, void, undefined> {
  const report = {
    warn: (kind: string, path: string) => void warnings.push(`${kind} ${path}`),
    skip: (kind: string) => void skipped.push(kind),
  };
  return walkTree({ root: { name: 'tree', path: box.at('tree') }, excludes: [], never: new Set(), report });
}

function openWriter(name: string, onFrame: FrameWriterOptions['onFrame']): FrameWriter {
  return new FrameWriter({
    path: box.at(name),
    name,
    frameBytes: 4096,
    slackBytes: 65536,
    compressor,
    framesInFlight: 2,
    onFrame,
    seal: null,
  });
}

/** Copies the tree; `meddle` runs after an item was seen and before it is read. */
async function copy(meddle: (path: string) => void): Promise<FileEntry[]> {
  const hasher = new ContentHasher(threads, (digests) => list.takeDigests(digests));
  const archive = openWriter('data.tar.zst', (raw, full) => hasher.frame(raw, full));
  const files = openWriter('data.files.zst', null);
  const list = new ListWriter(files, archive);
  const writer = new ComponentWriter({
    archive,
    hasher,
    list,
    parent: null,
    compareContent: false,
    owners: readOwners(),
    nowMs,
    throttle: null,
    warn: (kind, path) => void warnings.push(`${kind} ${path}`),
  });
  for (const item of walk()) {
    meddle(item.path);
    await writer.add(item);
  }
  await writer.end();
  archive.put(tarEnd);
  await archive.finish();
  await list.end();
  await files.finish();
  const lines = execFileSync('zstd', ['-dcq', box.at('data.files.zst')], { encoding: 'utf8' })
    .trim()
    .split('\n');
  return lines.map((line) => decodeEntry(line, 'list'));
}
function unpacked(path: string): Buffer {
  mkdirSync(box.at('out'), { recursive: true });
  execFileSync('tar', ['--zstd', '-xf', box.at('data.tar.zst'), '-C', box.at('out')]);
  return readFileSync(box.at('out', path));
}
function once(path: string, act: () => void): (seen: string) => void {
  return (seen) => {
    if (seen === path) act();
  };
}

test('a file that shrank is filled with zeros, and its hash is that of what is stored', async () => {
  const entries = await copy(once('tree/a', () => truncateSync(box.at('tree/a'), 5)));

  const stored = unpacked('tree/a');
  expect(stored.toString('latin1')).toBe('first\0\0\0\0\0\0\0\0');
  expect(entries.find((e) => e.path === 'tree/a')).toMatchObject({
    size: 13,
    hash: createHash('sha256').update(stored).digest('hex'),
  });
  expect(warnings).toEqual(['changed tree/a']);
});

test('a file that grew is cut to what was announced', async () => {
  const entries = await copy(once('tree/a', () => appendFileSync(box.at('tree/a'), ' and more')));

  expect(unpacked('tree/a').toString()).toBe('first content');
  expect(entries.find((e) => e.path === 'tree/a')?.size).toBe(13);
  expect(warnings).toEqual(['changed tree/a']);
});

test('large files that shrink or grow leave the archive whole', async () => {
  writeFileSync(box.at('tree/big'), Buffer.alloc(100_000, 1));
  const meddle = (path: string): void => {
    if (path === 'tree/big') truncateSync(box.at('tree/big'), 50_001);
  };

  const entries = await copy(meddle);

  expect(unpacked('tree/big')).toEqual(Buffer.concat([Buffer.alloc(50_001, 1), Buffer.alloc(49_999)]));
  expect(entries.map((e) => e.path)).toEqual(['tree', 'tree/a', 'tree/big', 'tree/dir', 'tree/dir/inner']);
});

test('a file that vanished is not in the backup', async () => {
  const entries = await copy(once('tree/a', () => unlinkSync(box.at('tree/a'))));

  expect(entries.map((e) => e.path)).toEqual(['tree', 'tree/dir', 'tree/dir/inner']);
  expect(warnings).toEqual(['vanished tree/a']);
});

test('a symbolic link that takes the place of a file is not followed', async () => {
  writeFileSync(box.at('outside'), 'not to be read');
  const entries = await copy(
    once('tree/a', () => {
      unlinkSync(box.at('tree/a'));
      symlinkSync(box.at('outside'), box.at('tree/a'));
    }),
  );

  expect(entries.map((e) => e.path)).not.toContain('tree/a');
  expect(warnings).toEqual(['changed tree/a']);
  expect(execFileSync('zstd', ['-dcq', box.at('data.tar.zst')]).includes('not to be read')).toBe(false);
});

test('a FIFO that takes the place of a file does not block', async () => {
  await copy(
    once('tree/a', () => {
      unlinkSync(box.at('tree/a'));
      execFileSync('mkfifo', [box.at('tree/a')]);
    }),
  );

  expect(warnings).toEqual(['changed tree/a']);
});

test('a folder that is swapped for a link while the walk is in it cannot lead out of the tree', async () => {
  mkdirSync(box.at('outside'));
  writeFileSync(box.at('outside/inner'), 'not to be read');
  const entries = await copy(
    once('tree/dir', () => {
      renameSync(box.at('tree/dir'), box.at('tree/moved'));
      symlinkSync(box.at('outside'), box.at('tree/dir'));
    }),
  );

  expect(entries.find((e) => e.path === 'tree/dir/inner')?.hash).toBe(
    createHash('sha256').update('inner').digest('hex'),
  );
});

test('a folder that is swapped before it is opened is reported, not followed', () => {
  mkdirSync(box.at('outside'));
  const seen: string[] = [];
  for (const item of walk()) {
    seen.push(item.path);
    if (item.path !== 'tree/a') continue;
    rmSync(box.at('tree/dir'), { recursive: true });
    symlinkSync(box.at('outside'), box.at('tree/dir'));
  }

  // The link is what is there when its turn comes; nothing below it was looked at.
  expect(seen).toEqual(['tree', 'tree/a', 'tree/dir']);
});

test('a file that could change once more within the same clock tick is stored again by the next incremental', async () => {
  nowMs = () => lstatSync(box.at('tree/a')).ctimeMs + 5;
  expect((await copy(() => undefined)).find((e) => e.path === 'tree/a')?.ctimeNs).toBe('0');
});

test('names that go between listing and looking are reported', () => {
  const seen: string[] = [];
  for (const item of walk()) {
    seen.push(item.path);
    if (item.path === 'tree') unlinkSync(box.at('tree/a'));
  }

  expect(seen).toEqual(['tree', 'tree/dir', 'tree/dir/inner']);
  expect(warnings).toEqual(['vanished tree/a']);
});

test('a walk that is given up closes what it opened', () => {
  const open = (): string[] =>
    readdirSync('/proc/self/fd').flatMap((fd) => {
      const link = `/proc/self/fd/${fd}`;
      return existsSync(link) && readlinkSync(link).startsWith(box.path) ? [fd] : [];
    });
  for (const item of walk()) {
    if (item.path !== 'tree/dir/inner') continue;
    expect(open()).toHaveLength(2);
    break;
  }

  expect(open()).toEqual([]);
});
