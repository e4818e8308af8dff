import { chmodSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail, ok } from '../../contract/errors.ts';
import type { Clock, Exec } from '../../ports/index.ts';
import { findLauncherTools } from './launcher.ts';
import { findPrograms } from './programs.ts';

const { signal } = new AbortController();

/** Counts what is started; `answer` is what each program says. */
function execWith(answer: (file: string) => Awaited<ReturnType<Exec['run']>>): Exec & { started: string[] } {
  const started: string[] = [];
  return {
    started,
    run: (file) => {
      started.push(file);
      return Promise.resolve(answer(file));
    },
  };
}

const done = (stdout = '') => ok({ exitCode: 0, stdout, stderr: '', truncated: false });

function clockAt(state: { ms: number }): Clock {
  return { now: () => new Date(state.ms), sleep: () => Promise.resolve() };
}

describe('the launching programs', () => {
  it('are tried once a minute for each user', async () => {
    const state = { ms: 1_000_000 };
    const exec = execWith((file) => (file === 'ionice' ? fail('exec_failed', 'no ionice here') : done()));
    const deps = { exec, clock: clockAt(state) };

    const first = await findLauncherTools(deps, null, signal);
    expect(await findLauncherTools(deps, null, signal)).toEqual(first);
    expect(first).toMatchObject({ setpriv: true, nice: true, ionice: false });
    expect(exec.started).toHaveLength(4);
    await findLauncherTools(deps, { uid: 1, gid: 1 }, signal);
    expect(exec.started).toHaveLength(8);
    state.ms += 60_000;
    await findLauncherTools(deps, null, signal);
    state.ms -= 3_600_000; // set back
    await findLauncherTools(deps, null, signal);
    expect(exec.started).toHaveLength(16);
  });

  it('are not taken for missing because they were too slow once', async () => {
    let slow = true;
    const exec = execWith(() => (slow ? fail('exec_timeout', 'busy') : done()));
    const deps = { exec, clock: clockAt({ ms: 0 }) };

    expect(await findLauncherTools(deps, null, signal)).toMatchObject({ unshare: null, nice: false });
    slow = false;
    expect(await findLauncherTools(deps, null, signal)).toMatchObject({ nice: true });
  });
});

describe('the programs of PostgreSQL', () => {
  let bin: string;
  const make = (name: string): void => {
    writeFileSync(join(bin, name), '');
    chmodSync(join(bin, name), 0o755);
  };

  beforeEach(() => {
    bin = mkdtempSync(join(tmpdir(), 'genesis-programs-'));
  });
  afterEach(() => rmSync(bin, { recursive: true }));

  it('are asked for their version once, and again when they were replaced', async () => {
    let version = '15.18';
    const exec = execWith(() => done(`postgres (PostgreSQL) ${version}\n`));
    make('postgres');

    expect(await findPrograms(exec, bin, signal)).toMatchObject({
      ok: true,
      value: { version: '15.18', server: true },
    });
    await findPrograms(exec, bin, signal);
    expect(exec.started).toHaveLength(1);
    version = '15.19';
    utimesSync(join(bin, 'postgres'), 1, 1);
    expect(await findPrograms(exec, bin, signal)).toMatchObject({ ok: true, value: { version: '15.19' } });
  });

  it('are asked each time where there are only clients: their names may stand for a script that chooses', async () => {
    const exec = execWith(() => done('pg_dump (PostgreSQL) 16.2\n'));
    make('pg_dump');

    await findPrograms(exec, bin, signal);
    expect(await findPrograms(exec, bin, signal)).toMatchObject({ ok: true, value: { major: 16, server: false } });
    expect(exec.started).toHaveLength(2);
  });
});
