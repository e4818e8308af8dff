import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { backupFolderOf } from './support/actions.ts';
import { cutAt, flipBit } from './support/archives.ts';
import { attempts, makeBench, mend, refused } from './support/damage.ts';
import { cleanUp, tempFolder } from './support/processes.ts';
import { randomOf } from './support/tree.ts';

const damages = 100;

afterAll(cleanUp, 60_000);

describe.each([
  { name: 'plain', suffix: '' },
  { name: 'encrypted', suffix: '.sealed' },
])('a bit flipped anywhere, a cut anywhere or a deletion in a $name backup', ({ suffix }) => {
  it.each([1, 2])(
    `is caught ${damages} times of ${damages} (seed %i)`,
    async (seed) => {
      const keyFile = path.join(tempFolder('genesis-key-'), 'key');
      writeFileSync(keyFile, 'the right key, long enough\n', { mode: 0o600 });
      const bench = await makeBench(suffix === '' ? null : keyFile);
      const random = randomOf(seed);
      const files = [`data.tar.zst${suffix}`, `data.files.zst${suffix}`, 'manifest.json'];
      for (let i = 0; i < damages; i += 1) {
        const file = files[i % files.length] ?? '';
        const share = random();
        await mend(bench);
        // The list of the full one is not read to restore what builds upon it, so damage there does not concern the restore.
        const of = file.startsWith('data.files') || random() < 0.2 ? 'incremental' : 'full';
        const target = path.join(backupFolderOf(bench.genesis.home, bench[of]), file);
        if (i % 10 === 9) rmSync(target);
        else if (i % 5 === 4) cutAt(target, share);
        else flipBit(target, share);
        const corrupt = expect.stringMatching(/^(backup_corrupt|backup_incomplete)$/);
        expect({ file, share, ...(await attempts(bench)) }).toEqual({ file, share, ...refused(corrupt) });
      }
      await bench.genesis.stop();
    },
    1_800_000,
  );
});
