import { appendFileSync, cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { backupFolderOf, restoreToFolder, shopConfig } from './support/actions.ts';
import { chunksOf, cutAt, flipBit, framesOf } from './support/archives.ts';
import { attempts, makeBench, mend, refused, type Bench, type Damage } from './support/damage.ts';
import { writeConfig } from './support/genesis.ts';
import { cleanUp, tempFolder } from './support/processes.ts';

const corrupt = expect.stringMatching(/^(backup_corrupt|backup_incomplete)$/);

/** Bit flip, truncation, deletion: of every file that a restore of the incremental one reads. The long form flips bits anywhere. */
function commonDamage(suffix: string): Damage[] {
  const files = [
    { file: `data.tar.zst${suffix}`, of: 'full' },
    { file: 'manifest.json', of: 'full' },
    { file: `data.files.zst${suffix}`, of: 'incremental' },
  ] as const;
  return files.flatMap(({ file, of }): Damage[] => [
    { name: `a bit flipped in ${file} (${of})`, of, inflict: (f) => flipBit(path.join(f, file), 0.5) },
    { name: `${file} cut at 70 % (${of})`, of, inflict: (f) => cutAt(path.join(f, file), 0.7) },
    { name: `${file} deleted (${of})`, of, inflict: (f) => rmSync(path.join(f, file)) },
  ]);
}

const plainDamage: readonly Damage[] = [
  ...commonDamage(''),
  {
    name: 'data.tar.zst cut at the end of a frame',
    of: 'full',
    inflict: (f) => {
      const [offset, length] = framesOf(f)[0] ?? [0, 0];
      writeFileSync(
        path.join(f, 'data.tar.zst'),
        readFileSync(path.join(f, 'data.tar.zst')).subarray(0, offset + length),
      );
    },
  },
  {
    name: 'bytes after the end of data.tar.zst',
    of: 'full',
    inflict: (f) => appendFileSync(path.join(f, 'data.tar.zst'), 'more'),
  },
  {
    name: 'a manifest edited with its checksum line left',
    of: 'full',
    inflict: (f) =>
      writeFileSync(
        path.join(f, 'manifest.json'),
        readFileSync(path.join(f, 'manifest.json'), 'utf8').replace('"completed"', '"failed"'),
      ),
  },
  {
    name: 'the whole folder deleted',
    of: 'full',
    inflict: (f) => rmSync(f, { recursive: true }),
  },
];

/** Writes the chunks anew as `change` gives them back. */
function withChunks(name: string, change: (chunks: readonly Buffer[]) => readonly Buffer[]): Damage {
  return {
    name: `chunks ${name}`,
    of: 'full',
    inflict: (f) => {
      const file = path.join(f, 'data.tar.zst.sealed');
      const { header, chunks } = chunksOf(readFileSync(file));
      if (chunks.length < 4) throw new Error(`only ${chunks.length} chunks: the test needs a larger archive`);
      writeFileSync(file, Buffer.concat([header, ...change(chunks)]));
    },
  };
}

const sealedDamage: readonly Damage[] = [
  ...commonDamage('.sealed'),
  withChunks('reordered', ([a, b, c, ...rest]) => [a, c, b, ...rest].filter((x) => x !== undefined)),
  withChunks('dropped at the beginning', (chunks) => chunks.slice(1)),
  withChunks('dropped in the middle', (chunks) => chunks.filter((_, i) => i !== 1)),
  withChunks('dropped at the end', (chunks) => chunks.slice(0, -1)),
  withChunks('doubled', ([a, ...rest]) => [a, a, ...rest].filter((x) => x !== undefined)),
  withChunks('cut within the last one', (chunks) =>
    chunks.with(-1, chunks.at(-1)?.subarray(0, -20) ?? Buffer.alloc(0)),
  ),
  {
    name: 'the archive of another backup in its place',
    of: 'full',
    inflict: (f) => {
      const other = readdirSync(path.dirname(f)).find((name) => name !== path.basename(f)) ?? '';
      cpSync(path.join(path.dirname(f), other, 'data.tar.zst.sealed'), path.join(f, 'data.tar.zst.sealed'));
    },
  },
];

afterAll(cleanUp, 60_000);

describe('damage to a plain backup', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await makeBench(null);
  }, 120_000);

  it.each(plainDamage)(
    'is caught and refuses every restore: $name',
    async ({ of, inflict }) => {
      await mend(bench);
      inflict(backupFolderOf(bench.genesis.home, bench[of]));
      expect(await attempts(bench)).toEqual(refused(corrupt));
    },
    60_000,
  );

  it('is over when the repository is sound again', async () => {
    await mend(bench); // verifies
    expect(await restoreToFolder(bench.genesis, bench.incremental, 'sound')).toMatchObject({ state: 'succeeded' });
  }, 60_000);
});

describe('damage to an encrypted backup', () => {
  let bench: Bench;
  let keyFile: string;

  beforeAll(async () => {
    keyFile = path.join(tempFolder('genesis-key-'), 'key');
    writeFileSync(keyFile, 'the right key, long enough\n', { mode: 0o600 });
    bench = await makeBench(keyFile);
  }, 120_000);

  it.each(sealedDamage)(
    'is caught and refuses every restore: $name',
    async ({ of, inflict }) => {
      await mend(bench);
      inflict(backupFolderOf(bench.genesis.home, bench[of]));
      expect(await attempts(bench)).toEqual(refused(corrupt));
    },
    60_000,
  );

  it('a wrong key is named, and nothing is touched', async () => {
    await mend(bench);
    const wrong = path.join(path.dirname(keyFile), 'wrong');
    writeFileSync(wrong, 'another key, also long enough\n', { mode: 0o600 });
    const { data, genesis } = bench;
    writeConfig(genesis.home, shopConfig(data, { backup: { encryption: { key: `file:${wrong}` } } }));
    const reloaded = await fetch(`${genesis.url}/-/reload`, {
      method: 'POST',
      headers: { authorization: `Bearer ${genesis.tokens.admin}` },
    });
    expect(reloaded.status).toBe(200);
    expect(await attempts(bench)).toEqual(refused('key_wrong'));
  }, 60_000);
});
