import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { oldNameOf, recoverSwap, stagingOf, swap, type SwapItem } from './swap.ts';
import { checkLiveFolder, checkNewFolder, runningServer } from './target-state.ts';

let folder: string;
let items: SwapItem[];
let staging: string;

function put(path: string, text: string): void {
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'what'), text);
}
function what(path: string): string | null {
  return existsSync(join(path, 'what')) ? readFileSync(join(path, 'what'), 'utf8') : null;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'genesis-swap-'));
  const [data, space] = [join(folder, 'data'), join(folder, 'space')];
  staging = stagingOf(data, 'op1');
  items = [data, space].map((live, i) => ({
    live,
    staged: join(staging, `new${i}`),
    old: oldNameOf(live, 'op1'),
    hadOld: true,
  }));
  for (const { live, staged } of items) {
    put(live, 'old');
    put(staged, 'new');
  }
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const state = () => items.map(({ live }) => what(live));

it('puts all in place and keeps the old beside', () => {
  swap(staging, 'op1', items);

  expect(state()).toEqual(['new', 'new']);
  expect(items.map(({ old }) => what(old))).toEqual(['old', 'old']);
  expect(recoverSwap(items[0]?.live ?? '', 'op1')).toBe('completed');
  expect(existsSync(staging)).toBe(false);
  expect(recoverSwap(items[0]?.live ?? '', 'op1')).toBe('nothing');
});

it('takes everything back when one cannot be put in', () => {
  rmSync(items[1]?.staged ?? '', { recursive: true });

  expect(() => swap(staging, 'op1', items)).toThrow(/the swap failed and was taken back/);
  expect(state()).toEqual(['old', 'old']);
});

it.each([0, 1, 2, 3, 4])('is wholly the old after a crash behind rename %i', (crashAfter) => {
  writeFileSync(join(staging, 'intent.json'), JSON.stringify({ format: 1, operationId: 'op1', items }));
  const renames = items.flatMap(({ live, staged, old }) => [
    () => renameSync(live, old),
    () => renameSync(staged, live),
  ]);
  for (const rename of renames.slice(0, crashAfter)) rename();

  expect(recoverSwap(items[0]?.live ?? '', 'op1')).toBe('rolled_back');
  expect(state()).toEqual(['old', 'old']);
  expect(existsSync(staging)).toBe(false);
});

it('only clears away what was staged when nothing was declared', () => {
  expect(recoverSwap(items[0]?.live ?? '', 'op1')).toBe('rolled_back');
  expect(state()).toEqual(['old', 'old']);
});

it('trusts no intent that names other paths, nor one that is damaged', () => {
  const intent = join(staging, 'intent.json');
  const foreign = items.map((item) => ({ ...item, old: '/etc/passwd' }));
  writeFileSync(intent, JSON.stringify({ format: 1, operationId: 'op1', items: foreign }));
  expect(() => recoverSwap(items[0]?.live ?? '', 'op1')).toThrow(/names other paths/);
  writeFileSync(intent, '{"form');
  expect(() => recoverSwap(items[0]?.live ?? '', 'op1')).toThrow(/is damaged/);
  expect(state()).toEqual(['old', 'old']);
});

describe('what stands at the target', () => {
  const systemId = '7710972311399498746';
  const cluster = (path: string, id: string): void => {
    mkdirSync(join(path, 'global'), { recursive: true });
    const control = Buffer.alloc(64);
    control.writeBigUInt64LE(BigInt(id));
    writeFileSync(join(path, 'global', 'pg_control'), control);
  };

  it('may be missing or empty, and nothing else, for a new folder', () => {
    mkdirSync(join(folder, 'empty'));

    expect(checkNewFolder(join(folder, 'none')).ok).toBe(true);
    expect(checkNewFolder(join(folder, 'empty')).ok).toBe(true);
    expect(checkNewFolder(join(folder, 'data'))).toMatchObject({ ok: false, error: { code: 'target_not_empty' } });
  });

  it('is the same cluster, stopped, or nothing', () => {
    const own = join(folder, 'own');
    cluster(own, systemId);
    mkdirSync(join(folder, 'empty'));

    expect(checkLiveFolder(own, systemId)).toEqual({ ok: true, value: { hadOld: true } });
    expect(checkLiveFolder(join(folder, 'none'), systemId)).toEqual({ ok: true, value: { hadOld: false } });
    expect(checkLiveFolder(join(folder, 'empty'), systemId)).toEqual({ ok: true, value: { hadOld: true } });
    expect(checkLiveFolder(own, '1')).toMatchObject({ ok: false, error: { code: 'target_foreign' } });
    expect(checkLiveFolder(join(folder, 'data'), systemId)).toMatchObject({
      ok: false,
      error: { code: 'target_foreign' },
    });
    expect(checkLiveFolder(join(folder, 'x', 'y'), systemId)).toMatchObject({
      ok: false,
      error: { code: 'target_not_allowed' },
    });
  });

  it('runs while postmaster.pid names a living process that works there', () => {
    const own = join(folder, 'own');
    cluster(own, systemId);
    const pidFile = join(own, 'postmaster.pid');
    writeFileSync(pidFile, `${2 ** 22 + 1}\n${own}\n`);
    expect(runningServer(own)).toBeNull();
    // This process lives and works elsewhere: the pid was given to somebody else.
    writeFileSync(pidFile, `${process.pid}\n${own}\n`);
    expect(runningServer(own)).toBeNull();
    expect(runningServer(process.cwd())).toBeNull();
    expect(checkLiveFolder(own, systemId).ok).toBe(true);
  });
});
