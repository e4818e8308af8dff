import { jest } from '@jest/globals';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { RestoreReport } from '../port.ts';
import type { Outcome } from '../../../contract/errors.ts';
import { checkRoom } from './restore-room.ts';
import {
  backup,
  component,
  context,
  createBench,
  errorOf,
  everything,
  expectSameTree,
  inThisThread,
  leftovers,
  makeTree,
  testKey,
  valueOf,
  type Bench,
} from './testkit.ts';

const asRoot = process.getuid?.() === 0;
// Every backup and restore starts a thread, and on a busy machine that alone can take seconds.
jest.setTimeout(120_000);

describe.each([
  ['plain', null, 'threads'],
  ['sealed', testKey, 'in this thread'],
] as const)('restore of a %s repository', (_, key, threads) => {
  let bench: Bench;
  let source: string;
  let copies: string[];

  beforeAll(async () => {
    bench = await createBench(key, threads);
    source = join(bench.base, 'source/root');
    makeTree(source);
    copies = [];
    const keepCopy = async (number: number, parent?: number): Promise<void> => {
      await backup(bench, {
        number,
        components: [component('data', source)],
        ...(parent === undefined ? {} : { parent }),
      });
      const copy = join(bench.base, `moment-${number}`);
      mkdirSync(copy);
      await copyTree(source, copy);
      copies.push(join(copy, 'root'));
    };
    await keepCopy(1);
    writeFileSync(join(source, 'dir/a.txt'), 'changed, in all its names');
    writeFileSync(join(source, 'new.txt'), 'new');
    renameSync(join(source, 'dir.txt'), join(source, 'renamed.txt'));
    await keepCopy(2, 1);
    rmSync(join(source, 'new.txt'));
    chmodSync(join(source, 'dir/empty'), 0o755);
    rmSync(join(source, 'deep'), { recursive: true });
    await keepCopy(3, 2);
  });
  afterAll(() => bench.remove());

  async function restore(
    number: number,
    to: string,
    selection: { components: string[]; paths: string[] } = everything,
  ): Promise<Outcome<RestoreReport>> {
    return bench.engine.restore(
      {
        operationId: 'op-1',
        repository: bench.repository,
        backupId: `backup_20260101_000000_${String(number).padStart(8, '0')}`,
        selection,
        target: { kind: 'folder', path: join(bench.base, to) },
        restoreOwner: asRoot,
      },
      context(),
    );
  }

  it.each([1, 2, 3])('brings back moment %i exactly', async (number) => {
    const report = valueOf(await restore(number, `out-${number}`));

    expectSameTree(copies[number - 1] ?? '', join(bench.base, `out-${number}/data/root`));
    expect(report.entries).toBeGreaterThan(10);
    expect(statSync(join(bench.base, `out-${number}`)).mode & 0o777).toBe(0o700);
    expect(leftovers(bench.base)).toEqual([]);
  });

  it('passes comparison and verification', async () => {
    valueOf(await restore(2, 'compared'));
    const id = 'backup_20260101_000000_00000002';

    const compared = valueOf(await bench.engine.compare(bench.repository, id, join(bench.base, 'compared'), context()));
    const verified = valueOf(await bench.engine.verify(bench.repository, id, context()));

    expect(compared.differences).toEqual([]);
    expect(verified).toMatchObject({ passed: true, faults: [], entries: compared.entries });
    expect(verified.chain).toHaveLength(2);
  });

  it('restores single paths with what is below, and the folders above', async () => {
    valueOf(await restore(1, 'part', { components: ['data'], paths: ['root/dir/empty', 'root/tool.sh'] }));

    expect(readdirSync(join(bench.base, 'part/data/root')).sort()).toEqual(['dir', 'tool.sh']);
    expect(readdirSync(join(bench.base, 'part/data/root/dir'))).toEqual(['empty']);
    expect(statSync(join(bench.base, 'part/data/root/dir/empty')).mode & 0o777).toBe(0o555);
  });

  it('restores by glob, and gives a hard link its content when the first name stays behind', async () => {
    valueOf(await restore(1, 'glob', { components: [], paths: ['root/*-link.txt'] }));

    expect(readdirSync(join(bench.base, 'glob/data/root'))).toEqual(['z-link.txt']);
    expect(readFileSync(join(bench.base, 'glob/data/root/z-link.txt'), 'utf8')).toBe('first');
  });

  it('keeps two names linked when the first name stays behind', async () => {
    valueOf(await restore(1, 'links', { components: [], paths: ['**/*-link.txt'] }));

    const [a, z] = ['dir/b-link.txt', 'z-link.txt'].map((name) => statSync(join(bench.base, 'links/data/root', name)));
    expect(a?.ino).toBe(z?.ino);
    expect(a?.nlink).toBe(2);
  });

  it('refuses a selection that meets nothing, and an unknown component', async () => {
    expect(errorOf(await restore(1, 'none', { components: [], paths: ['root/dir', 'root/typo'] }))).toMatchObject({
      code: 'not_found',
    });
    expect(errorOf(await restore(1, 'none', { components: ['other'], paths: [] }))).toMatchObject({
      code: 'not_found',
    });
    expect(existsSync(join(bench.base, 'none'))).toBe(false);
  });

  it('refuses a target that exists', async () => {
    mkdirSync(join(bench.base, 'present'));

    expect(errorOf(await restore(1, 'present')).code).toBe('target_not_empty');
    expect(readdirSync(join(bench.base, 'present'))).toEqual([]);
  });

  it('plans what it will do', async () => {
    const id = 'backup_20260101_000000_00000002';
    const signal = new AbortController().signal;
    const whole = valueOf(await bench.engine.planRestore(bench.repository, id, everything, signal));
    const part = valueOf(
      await bench.engine.planRestore(bench.repository, id, { components: [], paths: ['root/new.txt'] }, signal),
    );

    expect(whole.roots).toEqual([{ component: 'data', root: 'root', path: source }]);
    expect(whole.bytes).toBeGreaterThan(9_500_000);
    expect(part).toMatchObject({ entries: 2, bytes: 3 });
    expect(part.readBytes).toBeLessThan(whole.readBytes / 100);
  });

  it('leaves nothing behind when it is cancelled', async () => {
    const aborter = new AbortController();
    // In this thread the signal arrives at a known moment; across threads it could come after the end.
    const outcome = await inThisThread(bench.engine).restore(
      {
        operationId: 'op-2',
        repository: bench.repository,
        backupId: 'backup_20260101_000000_00000001',
        selection: everything,
        target: { kind: 'folder', path: join(bench.base, 'cancelled/deep/er') },
        restoreOwner: asRoot,
      },
      context(aborter.signal, (p) => p.phase === 'restore' && aborter.abort()),
    );

    expect(errorOf(outcome).code).toBe('cancelled');
    expect(existsSync(join(bench.base, 'cancelled'))).toBe(false);
  });
});

it('finds out that the disk is too small', () => {
  expect(() => checkRoom('/', 2 ** 60, 1)).toThrow(expect.objectContaining({ code: 'disk_full' }));
});

async function copyTree(from: string, to: string): Promise<void> {
  const { execFileSync } = await import('node:child_process');
  execFileSync('cp', ['-a', from, to]);
}
