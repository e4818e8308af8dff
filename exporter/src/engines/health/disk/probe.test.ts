import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { probeNow } from '../testing.ts';
import { judgeSpace, spaceOf } from './probe.ts';

const folder = mkdtempSync(join(tmpdir(), 'genesis-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const check = (path: string, writeAs: string | null = null) =>
  ({ kind: 'disk', path, minFree: 0, warnFree: 0, writeAs }) as const;
const limits = { minFree: 0.1, warnFree: 0.2 };
/** 1000 blocks of 1 KiB, of which 50 are kept for root. */
const stat = (available: number, files: { files: number; ffree: number } = { files: 100, ffree: 50 }) => ({
  bsize: 1024,
  blocks: 1000,
  bfree: available + 50,
  bavail: available,
  ...files,
});

describe('the space of a file system', () => {
  it('is counted as df counts it: what is kept for root is neither free nor used', () => {
    const space = spaceOf(stat(475));

    expect(space).toEqual({ totalBytes: 1_024_000, availableBytes: 486_400, freeShare: 0.5, freeFiles: 50 });
  });

  it.each([
    [475, 'healthy', '50 % free (475.0 KiB of 1000.0 KiB)'],
    [190, 'healthy', '20 % free (190.0 KiB of 1000.0 KiB)'],
    [180, 'degraded', '19 % free (180.0 KiB of 1000.0 KiB), below 20 %'],
    [50, 'unhealthy', '5.3 % free (50.0 KiB of 1000.0 KiB), below 10 %'],
    [0, 'unhealthy', '0.0 % free (0 B of 1000.0 KiB): it is full'],
  ])('with %d blocks left is %s', (available, state, detail) => {
    expect(judgeSpace(limits, spaceOf(stat(available)))).toEqual({ state, answered: true, detail });
  });

  it('is unhealthy without inodes, whatever its free space', () => {
    const full = judgeSpace(limits, spaceOf(stat(475, { files: 100, ffree: 0 })));
    const unbounded = judgeSpace(limits, spaceOf(stat(475, { files: 0, ffree: 0 })));

    expect([full.state, unbounded.state]).toEqual(['unhealthy', 'healthy']);
  });

  it('is an error where the file system does not tell it', () => {
    const nothing = spaceOf({ bsize: 4096, blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0 });

    expect(judgeSpace(limits, nothing).state).toBe('error');
  });
});

describe('a disk check', () => {
  it('looks at a real file system', async () => {
    const seen = await probeNow(check(folder));

    expect(seen).toMatchObject({ state: 'healthy', detail: expect.stringMatching(/ % free \(.* of .*\) after/) });
  });

  it('is unhealthy where the path is gone', async () => {
    expect(await probeNow(check(join(folder, 'gone')))).toEqual({
      state: 'unhealthy',
      responseSeconds: null,
      detail: 'the path is not there',
    });
  });

  it('writes, reads back and leaves nothing', async () => {
    const seen = await probeNow(check(folder, 'shop/disk'));

    expect(seen).toMatchObject({ state: 'healthy', detail: expect.stringContaining('written and read back') });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('takes away what a probe that was killed left, and writes through no link', async () => {
    const name = `.genesis-health-${createHash('sha256').update('shop/disk').digest('hex').slice(0, 16)}`;
    const victim = join(folder, 'victim');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, join(folder, name));

    const seen = await probeNow(check(folder, 'shop/disk'));

    expect(seen.state).toBe('healthy');
    expect(readdirSync(folder)).toEqual(['victim']);
    rmSync(victim);
  });
});
