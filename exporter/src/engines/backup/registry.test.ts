import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, systemRandom } from '../../runtime/clock.ts';
import { systemExec } from '../../runtime/exec.ts';
import { silentLog } from '../../runtime/testing.ts';
import { Backup, engineNames } from '../../config/schema.ts';
import { backupEngineConformance } from './conformance.ts';
import { backupEngineKind, backupEngineKinds } from './registry.ts';

const here = new URL('.', import.meta.url).pathname;
const deps = { clock: systemClock, random: systemRandom, exec: systemExec, log: silentLog };

describe('the registry of backup engines', () => {
  it('lists every folder beside it, once', () => {
    const folders = readdirSync(here, { withFileTypes: true })
      .filter((e) => e.isDirectory())
      .map((e) => e.name.replaceAll('-', '_'));

    expect(backupEngineKinds.map((k) => k.name).sort()).toEqual(folders.sort());
  });

  it('knows the engines that the configuration takes, and the one it takes by default', () => {
    expect(backupEngineKinds.map((k) => k.name).sort()).toEqual([...engineNames].sort());
    expect(backupEngineKind(Backup.parse({}).engine).name).toBe('archive');
    expect(() => backupEngineKind('nothing')).toThrow('no backup engine is called nothing');
  });

  it('has engines that can do what their methods are there for', () => {
    for (const kind of backupEngineKinds) {
      const { name, abilities } = kind.create(deps);
      expect(name).toBe(kind.name);
      expect(abilities.types).toContain('full');
    }
  });
});

// The engines that drive products keep the same promises in the e2e layer, where these run.
const kind = backupEngineKind('archive');
const engine = kind.create(deps);
backupEngineConformance(kind.name, () => ({
  engine,
  repository: (folder) => ({ path: join(folder, 'repository'), key: null }),
}));
const key = kind.deriveKey('a passphrase that is long enough');
backupEngineConformance(`${kind.name}, encrypted,`, () => ({
  engine,
  repository: (folder) => ({ path: join(folder, 'repository'), key }),
}));
