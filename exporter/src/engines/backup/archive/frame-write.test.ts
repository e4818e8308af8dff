import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ContentHasher, createCompressor, FrameThreads, type FrameCompressor } from './frame-threads.ts';
import { compressFrame, SegmentHasher } from './frame-work.ts';
import { FrameWriter, type FrameWriterOptions } from './frame-write.ts';
import { createSandbox, type Sandbox } from './test-support.ts';

let box: Sandbox;
let threads: FrameThreads;
let compressor: FrameCompressor;
beforeEach(() => {
  box = createSandbox();
  threads = new FrameThreads(3);
  compressor = createCompressor(1, threads);
});
afterEach(async () => {
  await threads.close();
  box.remove();
});

function open(changes: Partial<FrameWriterOptions> = {}): FrameWriter {
  return new FrameWriter({
    path: box.at('out.zst'),
    name: 'out.zst',
    frameBytes: 1000,
    slackBytes: 1000,
    compressor,
    framesInFlight: 2,
    onFrame: null,
    seal: null,
    ...changes,
  });
}

function piece(n: number): Buffer {
  return createHash('sha512').update(String(n)).digest();
}

test('frames follow each other without a gap, each with the hash of its bytes, and decode to what was put', async () => {
  const writer = open();
  for (let i = 0; i < 500; i += 1) {
    if (writer.full) await writer.next();
    writer.put(piece(i));
  }

  const { stored, fileBytes } = await writer.finish();

  const bytes = readFileSync(box.at('out.zst'));
  let at = 0;
  for (const [offset, length, , hash] of stored.frames) {
    expect(offset).toBe(at);
    expect(
      createHash('sha256')
        .update(bytes.subarray(at, at + length))
        .digest('hex'),
    ).toBe(hash);
    at += length;
  }
  expect([at, fileBytes, stored.storedBytes]).toEqual([bytes.length, bytes.length, bytes.length]);
  expect(stored.frames).toHaveLength(32);
  expect(stored.rawBytes).toBe(500 * 64);
  const raw = execFileSync('zstd', ['-dcq', box.at('out.zst')]);
  expect(raw.equals(Buffer.concat(Array.from({ length: 500 }, (_, i) => piece(i))))).toBe(true);
});

test('an empty file has no frames', async () => {
  expect(await open().finish()).toMatchObject({ fileBytes: 0, stored: { storedBytes: 0, rawBytes: 0, frames: [] } });
});

test('a failing disk is told by the next call, not lost', async () => {
  const failing: FrameCompressor = { compress: () => Promise.reject(new Error('no more')) };
  const writer = open({ compressor: failing });
  writer.put(Buffer.alloc(1000));
  await writer.next();
  writer.put(Buffer.alloc(1000));

  await expect(writer.finish()).rejects.toThrow('no more');
});

test('an existing file is not overwritten', () => {
  open();

  expect(() => open()).toThrow(/EEXIST/);
});

test('contents are hashed across frames, in threads and on the spot alike', async () => {
  const expected = [10, 5000, 0, 1500, 999].map((size, i) => Buffer.alloc(size, i + 1));
  const digests: string[] = [];
  const hasher = new ContentHasher(threads, (more) => digests.push(...more));
  const writer = open({ onFrame: (raw, full) => hasher.frame(raw, full) });
  for (const content of expected) {
    let begin = writer.filled;
    for (let at = 0; at < content.length;) {
      if (writer.full) {
        hasher.add(begin, writer.filled, false);
        await writer.next();
        begin = 0;
      }
      const part = content.subarray(at, at + writer.room);
      writer.put(part);
      at += part.length;
    }
    hasher.add(begin, writer.filled, true);
  }
  await writer.finish();

  expect(digests).toEqual(expected.map((content) => createHash('sha256').update(content).digest('hex')));
  expect(new SegmentHasher().run(Buffer.concat(expected), [0, 10, 1, 10, 5010, 1, 5010, 5010, 1])).toEqual(
    digests.slice(0, 3),
  );
});

test('a frame that does not compress still fits behind its raw bytes', async () => {
  const noise = Buffer.concat(Array.from({ length: 20 }, (_, i) => piece(i)));
  const writer = open();
  for (let i = 0; i < 10; i += 1) {
    if (writer.full) await writer.next();
    writer.put(noise);
  }

  const { stored } = await writer.finish();

  expect(stored.storedBytes).toBeGreaterThan(stored.rawBytes / 2);
  expect(execFileSync('zstd', ['-dcq', box.at('out.zst')]).length).toBe(stored.rawBytes);
  expect(compressFrame(noise, 1).bytes.length).toBeGreaterThan(noise.length);
});
