import { copyFileSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { largest, logical, scramble } from './damage-postgres.ts';
import {
  backUp,
  drillAndVerify,
  dumpFolder,
  during,
  found,
  foundBy,
  verifyNewest,
  withPassphrase,
  type Fault,
} from './damage-postgres-list.ts';

/** Damage to dumps of pg_dump. */

export const corruptDump: Fault = {
  name: 'a corrupt file of a dump',
  service: logical,
  says: found,
  alerts: foundBy,
  run: async (bench, told) =>
    during(scramble(largest(await dumpFolder(bench, 'newest'))), () => drillAndVerify(bench, told, logical)),
};

export const truncatedDumpManifest: Fault = {
  name: 'a manifest of a dump that was cut off',
  service: logical,
  says: found,
  alerts: foundBy,
  run: async (bench, told) => {
    const file = path.join(await dumpFolder(bench, 'newest'), 'manifest.json');
    const sound = path.join(bench.folder, 'manifest.json');
    copyFileSync(file, sound);
    truncateSync(file, 100);
    return during(
      () => copyFileSync(sound, file),
      () => drillAndVerify(bench, told, logical),
    );
  },
};

export const wrongDumpPassphrase: Fault = {
  name: 'a wrong passphrase of dumps',
  service: logical,
  says: { drill: 'key_wrong', verify: 'key_wrong', backup: 'key_wrong' },
  alerts: ['GenesisBackupFailed', 'GenesisDRTestFailed'],
  run: (bench, told) => {
    return withPassphrase(bench, 'some other passphrase, also long', async () => {
      const says = {
        drill: await bench.drill({}, logical),
        verify: await verifyNewest(bench, logical),
        backup: await backUp(bench, logical),
      };
      await told();
      return says;
    });
  },
};
