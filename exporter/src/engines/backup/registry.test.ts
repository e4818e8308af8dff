import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, systemRandom } from '../../runtime/clock.ts';
import { systemExec } from '../../runtime/exec.ts';
import { silentLog } from '../../runtime/testing.ts';
import { Backup } from '../../config/schema.ts';
import { backupEngineConformance } from './conformance.ts';
import { backupEngineKind, backupEngineKinds } from './registry.ts';

const here = new URL('.', import.meta.url).pathname;

describe('the registry of backup engines', () => {
  it('lists every folder beside it, once', () => {
    const folders = readdirSync(here, { withFileTypes: true })
      .filter((e) => e.isDirectory())
      .map((e) => e.name);

    expect(backupEngineKinds.map((k) => k.name).sort()).toEqual(folders.sort());
  });

  it('knows the engine that the configuration takes by default', () => {
    expect(backupEngineKind(Backup.parse({}).engine).name).toBe('archive');
    expect(() => backupEngineKind('nothing')).toThrow('no backup engine is called nothing');
  });
});

for (const kind of backupEngineKinds) {
  const engine = kind.create({ clock: systemClock, random: systemRandom, exec: systemExec, log: silentLog });
  backupEngineConformance(kind.name, () => ({
    engine,
    repository: (folder) => ({ path: join(folder, 'repository'), key: null }),
  }));
  const key = kind.deriveKey('a passphrase that is long enough');
  backupEngineConformance(`${kind.name}, encrypted,`, () => ({
    engine,
    repository: (folder) => ({ path: join(folder, 'repository'), key }),
  }));
}
