import { appendFileSync, cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Operation } from '../src/contract/operation.ts';
import { backUp, backupFolderOf, shopConfig, verify } from './support/actions.ts';
import { chunksOf, cutAt, flipBit, framesOf } from './support/archives.ts';
import { startGenesis, writeConfig, type ApiReply, type Genesis } from './support/genesis.ts';
import { cleanUp, tempFolder } from './support/processes.ts';
import { copyTree, differences, leftovers, makeTree } from './support/tree.ts';

interface Damage {
  readonly name: string;
  /** Damages the backup that stands in this folder. */
  readonly inflict: (backupFolder: string) => void;
}

/** A service whose data has changed since its full and its incremental backup: a restore would be seen. */
interface Bench {
  readonly genesis: Genesis;
  readonly data: string;
  readonly kept: string;
  readonly full: string;
  readonly incremental: string;
  /** The repository as it was before any damage. */
  readonly sound: string;
}

async function makeBench(keyFile: string | null): Promise<Bench> {
  const base = tempFolder('genesis-faults-');
  const data = path.join(base, 'parent', 'data');
  makeTree(data, { files: 12, bytesPerFile: 900_000, seed: 'faults' });
  const encryption = keyFile === null ? {} : { encryption: { key: `file:${keyFile}` } };
  const genesis = await startGenesis({ home: path.join(base, 'home'), config: shopConfig(data, { backup: { ...encryption, verify_after: false } }) });
  const full = (await backUp(genesis)).id;
  appendFileSync(path.join(data, 'first.txt'), 'changed');
  const incremental = (await backUp(genesis, 'incremental')).id;
  appendFileSync(path.join(data, 'first.txt'), 'changed again');
  const kept = path.join(base, 'kept');
  copyTree(data, kept);
  const sound = path.join(base, 'sound');
  copyTree(path.join(genesis.home, 'repository'), sound);
  return { genesis, data, kept, full, incremental, sound };
}

function restoreSound({ genesis, sound }: Bench): void {
  const repository = path.join(genesis.home, 'repository');
  rmSync(repository, { recursive: true });
  copyTree(sound, repository);
}

/** Damage is found when the plan is made (the request is refused) or when the archive is read (the operation fails). */
async function codeOf(genesis: Genesis, reply: ApiReply<Operation & { readonly code?: string }>): Promise<string | undefined> {
  if (reply.status !== 202) return reply.body.code;
  const ended = await genesis.waitForOperation(reply.body.id);
  return ended.state === 'succeeded' ? 'succeeded' : ended.error?.code;
}

/** Verifies and restores both ways, and returns the codes with what was touched; the damaged one is the full, the restored one builds upon it. */
async function attempts({ genesis, data, kept, incremental }: Bench): Promise<Record<string, unknown>> {
  const to = path.join(genesis.home, 'restores', 'out');
  const restore = (target: unknown) =>
    genesis.api<Operation & { readonly code?: string }>('POST', `/backups/${incremental}/restore`, { target, confirm: 'shop', reason: 'a test' });
  const codes = {
    // First: once verify has marked the backup, the restores would be refused for that reason alone.
    folder: await codeOf(genesis, await restore({ kind: 'folder', path: to })),
    inPlace: await codeOf(genesis, await restore({ kind: 'in_place' })),
    verify: (await verify(genesis, incremental)).error?.code,
  };
  return {
    ...codes,
    dataTouched: differences(kept, data),
    folderMade: existsSync(to),
    leftBehind: [...leftovers(path.dirname(data)), ...readdirSync(path.dirname(to))],
  };
}

const refused = (code: unknown) => ({ folder: code, inPlace: code, verify: code, dataTouched: [], folderMade: false, leftBehind: [] });
const corrupt = expect.stringMatching(/^(backup_corrupt|backup_incomplete)$/);

/** Bit flip at the beginning, in the middle and at the end, truncation, deletion: of every file that a backup is made of. */
function commonDamage(suffix: string): Damage[] {
  const files = [`data.tar.zst${suffix}`, `data.files.zst${suffix}`, 'manifest.json'];
  return files.flatMap((file): Damage[] => [
    ...[0, 0.5, 1].map((share) => ({ name: `a bit flipped at ${share * 100} % of ${file}`, inflict: (f: string) => flipBit(path.join(f, file), share) })),
    ...[0, 0.7].map((share) => ({ name: `${file} cut at ${share * 100} %`, inflict: (f: string) => cutAt(path.join(f, file), share) })),
    { name: `${file} deleted`, inflict: (f) => rmSync(path.join(f, file)) },
  ]);
}

const plainDamage: readonly Damage[] = [
  ...commonDamage(''),
  {
    name: 'data.tar.zst cut at the end of a frame',
    inflict: (f) => {
      const [offset, length] = framesOf(f)[0] ?? [0, 0];
      writeFileSync(path.join(f, 'data.tar.zst'), readFileSync(path.join(f, 'data.tar.zst')).subarray(0, offset + length));
    },
  },
  { name: 'bytes after the end of data.tar.zst', inflict: (f) => appendFileSync(path.join(f, 'data.tar.zst'), 'more') },
  {
    name: 'a manifest edited with its checksum line left',
    inflict: (f) => writeFileSync(path.join(f, 'manifest.json'), readFileSync(path.join(f, 'manifest.json'), 'utf8').replace('"completed"', '"failed"')),
  },
  {
    name: 'the whole folder deleted',
    inflict: (f) => rmSync(f, { recursive: true }),
  },
];

/** Writes the chunks anew as `change` gives them back. */
function withChunks(name: string, change: (chunks: readonly Buffer[]) => readonly Buffer[]): Damage {
  return {
    name: `chunks ${name}`,
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
  withChunks('cut within the last one', (chunks) => chunks.with(-1, chunks.at(-1)?.subarray(0, -20) ?? Buffer.alloc(0))),
  {
    name: 'the archive of another backup in its place',
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

  it.each(plainDamage)('is caught and refuses every restore: $name', async ({ inflict }) => {
    restoreSound(bench);
    inflict(backupFolderOf(bench.genesis.home, bench.full));
    expect(await attempts(bench)).toEqual(refused(corrupt));
  }, 60_000);

  it('is over when the repository is sound again', async () => {
    restoreSound(bench);
    expect(await verify(bench.genesis, bench.incremental)).toMatchObject({ state: 'succeeded' });
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

  it.each(sealedDamage)('is caught and refuses every restore: $name', async ({ inflict }) => {
    restoreSound(bench);
    inflict(backupFolderOf(bench.genesis.home, bench.full));
    expect(await attempts(bench)).toEqual(refused(corrupt));
  }, 60_000);

  it('a wrong key is named, and nothing is touched', async () => {
    restoreSound(bench);
    const wrong = path.join(path.dirname(keyFile), 'wrong');
    writeFileSync(wrong, 'another key, also long enough\n', { mode: 0o600 });
    const { data, genesis } = bench;
    writeConfig(genesis.home, shopConfig(data, { backup: { encryption: { key: `file:${wrong}` } } }));
    const reloaded = await fetch(`${genesis.url}/-/reload`, { method: 'POST', headers: { authorization: `Bearer ${genesis.tokens.admin}` } });
    expect(reloaded.status).toBe(200);
    expect(await attempts(bench)).toEqual(refused('key_wrong'));
  }, 60_000);
});
