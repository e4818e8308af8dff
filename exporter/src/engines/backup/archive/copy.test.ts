import { jest } from '@jest/globals';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { RepositoryRef } from '../port.ts';
import { backupFolder, serviceFolder } from './format.ts';
import {
  backup,
  component,
  context,
  createBench,
  errorOf,
  idOf,
  noise,
  testKey,
  valueOf,
  type Bench,
} from './testkit.ts';

jest.setTimeout(120_000);

let bench: Bench;
let to: RepositoryRef;

describe.each([
  ['plain', null],
  ['sealed', testKey],
] as const)('copy of a %s backup', (_, key) => {
  const archive = key === null ? 'data.tar.zst' : 'data.tar.zst.sealed';

  beforeAll(async () => {
    bench = await createBench(key);
    const source = join(bench.base, 'data');
    mkdirSync(source);
    writeFileSync(join(source, 'big.bin'), noise(6_000_000));
    const components = [component('data', source)];
    await backup(bench, { number: 1, components });
    writeFileSync(join(source, 'new.txt'), 'new');
    await backup(bench, { number: 2, parent: 1, components });
    renameSync(bench.repository.path, join(bench.base, 'pristine'));
  });
  beforeEach(async () => {
    to = { path: join(bench.base, 'copy'), key };
    for (const { path } of [bench.repository, to]) rmSync(path, { recursive: true, force: true });
    cpSync(join(bench.base, 'pristine'), bench.repository.path, { recursive: true });
    valueOf(await bench.engine.prepare(to, new AbortController().signal));
  });
  afterAll(() => bench.remove());

  const copy = (number: number, signal?: AbortSignal, cancelAt = Infinity) => {
    const aborter = new AbortController();
    return bench.engine.copy(
      bench.repository,
      to,
      idOf(number),
      context(signal ?? aborter.signal, (p) => p.bytesDone > cancelAt && aborter.abort()),
    );
  };
  const work = (): string => join(serviceFolder(to.path, 'app'), `.copying-${idOf(1)}`);
  const sourceFile = (name = archive): string => join(backupFolder(bench.repository.path, 'app', idOf(1)), name);
  const expectWhole = async (number: number): Promise<void> => {
    expect(valueOf(await bench.engine.verify(to, idOf(number), context()))).toMatchObject({ passed: true });
    expect(readdirSync(serviceFolder(to.path, 'app')).filter((n) => n.startsWith('.'))).toEqual([]);
  };

  it('copies a chain, oldest first, and does nothing when asked again', async () => {
    valueOf(await copy(1));
    valueOf(await copy(2));
    valueOf(await copy(2));

    await expectWhole(2);
    expect(readdirSync(backupFolder(to.path, 'app', idOf(1))).sort()).toEqual(
      readdirSync(backupFolder(bench.repository.path, 'app', idOf(1))).sort(),
    );
  });

  it('refuses an incremental whose parent is not there', async () => {
    expect(errorOf(await copy(2))).toMatchObject({ code: 'copy_failed' });
    expect(existsSync(backupFolder(to.path, 'app', idOf(2)))).toBe(false);
  });

  it('goes on where a cancelled run was', async () => {
    expect(errorOf(await copy(1, undefined, 0)).code).toBe('cancelled');
    expect(existsSync(backupFolder(to.path, 'app', idOf(1)))).toBe(false);
    mkdirSync(work(), { recursive: true });
    writeFileSync(join(work(), archive), readFileSync(sourceFile()).subarray(0, 3_000_000));

    valueOf(await copy(1));

    await expectWhole(1);
  });

  it('does not trust what an earlier run left', async () => {
    mkdirSync(work(), { recursive: true });
    writeFileSync(join(work(), archive), Buffer.alloc(readFileSync(sourceFile()).length));

    valueOf(await copy(1));

    await expectWhole(1);
  });

  it('makes a damaged copy anew', async () => {
    valueOf(await copy(1));
    truncateSync(join(backupFolder(to.path, 'app', idOf(1)), archive), 100);

    valueOf(await copy(1));

    await expectWhole(1);
  });

  it('says when the source is damaged', async () => {
    appendFileSync(sourceFile(), 'more');
    expect(errorOf(await copy(1)).code).toBe('backup_corrupt');
    rmSync(sourceFile());
    expect(errorOf(await copy(1)).code).toBe('backup_corrupt');
    expect(existsSync(backupFolder(to.path, 'app', idOf(1)))).toBe(false);
  });

  it('refuses a target with another key', async () => {
    to = { path: join(bench.base, 'other'), key: Buffer.alloc(32, 1) };
    valueOf(await bench.engine.prepare(to, new AbortController().signal));

    expect(errorOf(await copy(1)).code).toBe('copy_failed');
  });

  it('removes what is left of a copy whose backup is gone', async () => {
    const stale = join(serviceFolder(to.path, 'app'), `.copying-${idOf(9)}`);
    mkdirSync(stale, { recursive: true });

    valueOf(await copy(1));

    expect(existsSync(stale)).toBe(false);
  });
});
