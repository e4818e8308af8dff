import { jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { RestoreReport } from '../port.ts';
import type { Outcome } from '../../../contract/errors.ts';
import { commitSwap, makeStaging, rollBack, stagingFolder, writeIntent, type Intent, type SwapItem } from './swap.ts';
import {
  attributes,
  backup,
  component,
  context,
  createBench,
  errorOf,
  everything,
  expectSameTree,
  idOf,
  leftovers,
  makeTree,
  valueOf,
  type Bench,
} from './testkit.ts';

jest.setTimeout(120_000);
const asRoot = process.getuid?.() === 0;

let bench: Bench;
/** Two roots under different parents. */
let one: string;
let two: string;

beforeAll(async () => {
  bench = await createBench();
  one = join(bench.base, 'p1/one');
  two = join(bench.base, 'p2/two');
  mkdirSync(two, { recursive: true });
  makeTree(one);
  writeFileSync(join(two, 'file'), 'second root');
  await backup(bench, { number: 1, components: [component('data', one, two)] });
  execFileSync('cp', ['-a', one, join(bench.base, 'expected')]);
  mkdirSync(join(bench.base, 'pristine'));
  moveAll(bench.base, join(bench.base, 'pristine'));
});
beforeEach(() => {
  two = join(bench.base, 'p2/two');
  execFileSync('cp', ['-a', `${bench.base}/pristine/.`, bench.base]);
});
afterEach(() => {
  for (const name of readdirSync(bench.base))
    if (name !== 'pristine') execFileSync('rm', ['-rf', join(bench.base, name)]);
});
afterAll(() => bench.remove());

function moveAll(from: string, to: string): void {
  for (const name of readdirSync(from)) if (name !== 'pristine') renameSync(join(from, name), join(to, name));
}

function restore(paths: string[] = [], roots = ['one', 'two']): Promise<Outcome<RestoreReport>> {
  const places = { one, two };
  return bench.engine.restore(
    {
      operationId: 'op',
      repository: bench.repository,
      backupId: idOf(1),
      selection: { components: [], paths },
      restoreOwner: asRoot,
      target: {
        kind: 'in_place',
        roots: roots.map((root) => ({ component: 'data', root, path: places[root as 'one' | 'two'] })),
      },
    },
    context(),
  );
}

function expectNothingLeft(): void {
  expect([...leftovers(join(bench.base, 'p1')), ...leftovers(join(bench.base, 'p2'))]).toEqual([]);
}

describe('in place', () => {
  it('puts every root back as it was, and removes the old', async () => {
    rmSync(join(one, 'dir'), { recursive: true });
    writeFileSync(join(one, 'later'), 'made after the backup');
    writeFileSync(join(two, 'file'), 'changed');

    const report = valueOf(await restore());

    expectSameTree(join(bench.base, 'expected'), one);
    expect(readFileSync(join(two, 'file'), 'utf8')).toBe('second root');
    expect(report.replaced).toHaveLength(2);
    expectNothingLeft();
  });

  it('brings back a root that is gone', async () => {
    rmSync(one, { recursive: true });

    expect(valueOf(await restore([], ['one'])).replaced).toEqual([]);
    expectSameTree(join(bench.base, 'expected'), one);
    expectNothingLeft();
  });

  it('brings back parts and leaves the rest alone', async () => {
    writeFileSync(join(one, 'dir.txt'), 'damaged');
    rmSync(join(one, 'deep'), { recursive: true });
    rmSync(join(one, 'dir'), { recursive: true });
    writeFileSync(join(one, 'later'), 'stays');

    const report = valueOf(await restore(['one/dir.txt', 'one/deep', 'one/dir/a.txt', 'one/dir/empty']));

    expect(readFileSync(join(one, 'dir.txt'), 'utf8')).toBe('sorts after dir/');
    expect(readFileSync(join(one, 'later'), 'utf8')).toBe('stays');
    expect(attributes(join(one, 'deep'))).toBe(attributes(join(bench.base, 'expected/deep')));
    expect(readdirSync(join(one, 'dir')).sort()).toEqual(['a.txt', 'empty']);
    expect(report.replaced).toHaveLength(1);
    expectNothingLeft();
  });

  it('keeps names of one file linked within a root, and gives content to a link into another root', async () => {
    execFileSync('ln', [join(one, 'dir.txt'), join(two, 'linked')]);
    await backup(bench, { number: 1 + 1, components: [component('data', one, two)] });
    rmSync(two, { recursive: true });

    const outcome = await bench.engine.restore(
      {
        operationId: 'op',
        repository: bench.repository,
        backupId: idOf(2),
        selection: everything,
        restoreOwner: asRoot,
        target: { kind: 'in_place', roots: [{ component: 'data', root: 'two', path: two }] },
      },
      context(),
    );

    valueOf(outcome);
    expect(readFileSync(join(two, 'linked'), 'utf8')).toBe('sorts after dir/');
  });

  it('refuses a root that became a link, that overlaps another, or that holds the repository', async () => {
    renameSync(two, join(bench.base, 'p2/real'));
    symlinkSync('real', two);
    expect(errorOf(await restore()).message).toContain('symbolic link');
    rmSync(two);
    two = join(one, 'dir');
    expect(errorOf(await restore()).message).toContain('one after the other');
    two = bench.base;
    expect(errorOf(await restore([], ['two'])).message).toContain('holds the repository');
    expectSameTree(join(bench.base, 'expected'), one);
  });

  it('refuses a part whose folder became a link, and touches nothing', async () => {
    renameSync(join(one, 'deep'), join(bench.base, 'elsewhere'));
    symlinkSync(join(bench.base, 'elsewhere'), join(one, 'deep'));
    const inside = readdirSync(join(bench.base, 'elsewhere'));

    const error = errorOf(await restore([`one/deep/${inside[0]}/**/*`]));

    expect(error.message).toContain('not a folder any more');
    expect(readdirSync(join(bench.base, 'elsewhere'))).toEqual(inside);
    expectNothingLeft();
  });
});

/** A swap of two roots and of one that is not there, taken to a step and left there as a kill would. */
describe('recovery', () => {
  let stagings: string[];
  let items: SwapItem[];
  const third = (): string => join(bench.base, 'p1/third');

  beforeEach(() => {
    stagings = [...new Set([one, two].map((root) => stagingFolder(root, 'op')))];
    for (const staging of stagings) makeStaging(staging);
    items = [one, two, third()].map((live, index) => {
      const staging = stagingFolder(live, 'op');
      const staged = join(staging, 'new', `${index}`);
      mkdirSync(staged);
      writeFileSync(join(staged, 'new'), 'new');
      return { live, staged, old: join(staging, 'old', `${index}`), hadOld: live !== third() };
    });
  });

  function side(root: string): string {
    return existsSync(join(root, 'new')) ? 'new' : existsSync(root) ? 'old' : 'absent';
  }
  async function recovered(): Promise<string> {
    return valueOf(await bench.engine.recover('op', [one, two, third()], new AbortController().signal));
  }
  /** The single renames of a swap, in their order. */
  function renames(): (() => void)[] {
    return items.flatMap(({ live, staged, old, hadOld }) => [
      ...(hadOld ? [() => renameSync(live, old)] : []),
      () => renameSync(staged, live),
    ]);
  }
  function expectOld(): void {
    expect([side(one), side(two), side(third())]).toEqual(['old', 'old', 'absent']);
    expectSameTree(join(bench.base, 'expected'), one);
    expectNothingLeft();
  }

  it('has nothing to do where nothing was begun', async () => {
    for (const staging of stagings) rmSync(staging, { recursive: true });

    expect(await recovered()).toBe('nothing');
    expectOld();
  });

  it('removes what was staged and never declared', async () => {
    expect(await recovered()).toBe('rolled_back');
    expectOld();
    expect(await recovered()).toBe('nothing');
  });

  it.each([0, 1, 2, 3, 4, 5])('goes back wholly after %i of 5 renames', async (done) => {
    writeIntent('op', stagings, items);
    for (const rename of renames().slice(0, done)) rename();

    expect(await recovered()).toBe('rolled_back');
    expectOld();
  });

  it('goes back wholly when going back was cut off too', async () => {
    const intent = writeIntent('op', stagings, items);
    for (const rename of renames()) rename();
    renameSync(third(), items[2]?.staged ?? '');
    renameSync(two, items[1]?.staged ?? '');

    expect(await recovered()).toBe('rolled_back');
    expectOld();
    rollBackAgain(intent);
  });

  it.each(['nothing', 'the other staging folder', 'what is old', 'the intent'])(
    'goes on wholly after the mark, with %s removed',
    async (removed) => {
      const intent = writeIntent('op', stagings, items);
      commitSwap(intent);
      const other = stagings.find((s) => s !== intent.coordinator) ?? '';
      if (removed !== 'nothing') rmSync(other, { recursive: true });
      if (removed === 'what is old' || removed === 'the intent')
        rmSync(join(intent.coordinator, 'old'), { recursive: true });
      if (removed === 'the intent') rmSync(join(intent.coordinator, 'intent.json'));

      expect(await recovered()).toBe('completed');
      expect([side(one), side(two), side(third())]).toEqual(['new', 'new', 'new']);
      expectNothingLeft();
    },
  );

  it('takes everything back by itself when a rename fails half-way', () => {
    const intent = writeIntent('op', stagings, items);
    rmSync(items[1]?.staged ?? '', { recursive: true });

    expect(() => commitSwap(intent)).toThrow(expect.objectContaining({ code: 'restore_failed' }));
    expectOld();
  });

  it('keeps what somebody made anew in the place of a root, and says where the old is', async () => {
    writeIntent('op', stagings, items);
    renames()[0]?.();
    mkdirSync(one);

    const error = errorOf(await bench.engine.recover('op', [one, two, third()], new AbortController().signal));

    expect(error.message).toContain('made anew');
    expectSameTree(join(bench.base, 'expected'), items[0]?.old ?? '');
  });

  it('decides nothing while the folder with the mark is not there', async () => {
    const intent = writeIntent('op', stagings, items);
    commitSwap(intent);
    rmSync(intent.coordinator, { recursive: true });

    const error = errorOf(await bench.engine.recover('op', [one, two, third()], new AbortController().signal));

    expect(error.message).toContain('mount its disk');
    expect([side(one), side(two)]).toEqual(['new', 'new']);
  });

  it('does not follow an intent that names other paths', async () => {
    const victim = join(bench.base, 'victim');
    mkdirSync(victim);
    writeIntent('op', stagings, [
      {
        live: victim,
        staged: join(stagings[0] ?? '', 'new/gone'),
        old: join(stagings[0] ?? '', 'old/0'),
        hadOld: false,
      },
    ]);

    expect(errorOf(await bench.engine.recover('op', [one, two], new AbortController().signal)).message).toContain(
      'other paths',
    );
    expect(existsSync(victim)).toBe(true);
  });

  function rollBackAgain(intent: Intent): void {
    expect(() => rollBack({ ...intent, items: [] })).not.toThrow();
  }
});
