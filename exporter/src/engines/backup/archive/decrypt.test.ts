import { jest } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deriveKey } from './crypto.ts';
import { backupFolder } from './format.ts';
import { backup, component, createBench, expectSameTree, idOf, makeTree, type Bench } from './testkit.ts';

jest.setTimeout(120_000);
const decryptor = fileURLToPath(new URL('../../../../../docs/decrypt.mjs', import.meta.url));

let bench: Bench;
afterEach(() => bench.remove());

it.each(['correct horse battery staple, and then some more', 'ab'.repeat(32)])(
  'opens an archive with the key %s and nothing of Genesis',
  async (text) => {
    bench = await createBench(deriveKey(text));
    const source = join(bench.base, 'src/root');
    makeTree(source);
    await backup(bench, { number: 1, components: [component('data', source)] });
    const sealed = join(backupFolder(bench.repository.path, 'app', idOf(1)), 'data.tar.zst.sealed');
    const keyFile = join(bench.base, 'key');
    writeFileSync(keyFile, `${text}\n`);

    const plain = execFileSync(process.execPath, [decryptor, keyFile, sealed], { maxBuffer: 2 ** 28 });

    const out = join(bench.base, 'out');
    mkdirSync(out);
    execFileSync('tar', ['--zstd', '-xpf', '-', '-C', out], { input: plain });
    expectSameTree(source, join(out, 'root'));

    const damaged = join(bench.base, 'damaged');
    writeFileSync(damaged, readFileSync(sealed).subarray(0, -1));
    const refused = spawnSync(process.execPath, [decryptor, keyFile, damaged], { maxBuffer: 2 ** 28 });
    expect(refused.status).toBe(1);
    expect(refused.stderr.toString()).toContain('was changed, moved or cut');
  },
);
