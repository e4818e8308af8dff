import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ok } from '../../../contract/errors.ts';
import type { Exec } from '../../../ports/index.ts';
import type { EngineDeps, RepositoryRef, RestoreWish, RunContext } from '../port.ts';
import { idOfBackup, parseInfo } from './info.ts';
import { planRestore } from './plan.ts';
import { restore } from './restore.ts';
import { recorded, stanzaWith } from './test-support.ts';

const { signal } = new AbortController();
const folder = mkdtempSync(join(tmpdir(), 'genesis-plan-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A repository that answers what pgBackRest 2.45 answered, and counts what it is asked. */
function bench() {
  const state = { nowMs: Date.parse('2026-11-22T13:00:00Z'), asked: [] as string[] };
  const answers: Readonly<Record<string, string>> = {
    version: 'pgBackRest 2.45\n',
    info: recorded('info-2.45.txt'),
    'repo-ls': recorded('repo-ls-2.45.txt'),
  };
  const exec: Exec = {
    run: (_, args) => {
      const command = Object.keys(answers).find((name) => args.includes(name)) ?? 'other';
      state.asked.push(args.some((arg) => arg.startsWith('--set=')) ? 'tablespaces' : command);
      return Promise.resolve(ok({ exitCode: 0, stdout: answers[command] ?? '', stderr: '', truncated: false }));
    },
  };
  const clock = { now: () => new Date(state.nowMs), sleep: () => Promise.resolve() };
  const deps = { exec, clock } as unknown as EngineDeps;
  const { product } = stanzaWith({ folder: join(folder, 'engine') });
  const repository = { product } as unknown as RepositoryRef;
  const info = parseInfo(recorded('info-2.45.txt'), 'main');
  const newest = info.ok ? info.value?.backup.findLast(({ database }) => database['repo-key'] === 1) : undefined;
  if (newest === undefined) throw new Error('the recorded answer holds no backup of the first repository');
  const backupId = idOfBackup(newest);
  const taken = join(folder, 'taken');
  mkdirSync(taken, { recursive: true });
  writeFileSync(join(taken, 'file'), '');
  const context = { signal, onProgress: () => undefined } as unknown as RunContext;
  const everything = { components: [], paths: [] };
  return {
    state,
    plan: (wish: Partial<RestoreWish> = {}) =>
      planRestore(deps, repository, backupId, { ...everything, target: 'folder', ...wish }, signal),
    /** Ends at the target that is not empty, right after it has chosen. */
    run: () =>
      restore(
        deps,
        {
          operationId: 'op_1',
          repository,
          backupId,
          selection: everything,
          target: { kind: 'folder', path: taken },
          restoreOwner: false,
        },
        context,
      ),
    looks: () => state.asked.filter((command) => command === 'info').length,
  };
}

describe('a restore', () => {
  it('begins with what its plan has just seen, once', async () => {
    const { plan, run, looks } = bench();

    expect(await plan()).toMatchObject({ ok: true, value: { recovery: { reachable: true } } });
    expect(looks()).toBe(1);
    expect(await run()).toMatchObject({ ok: false, error: { code: 'target_not_empty' } });
    expect(looks()).toBe(1);
    await run();
    expect(looks()).toBe(2);
  });

  it('looks anew when the plan is older, of another moment, or made before the clock was set back', async () => {
    const { state, plan, run, looks } = bench();

    await plan();
    state.nowMs += 2_000;
    await run();
    expect(looks()).toBe(2);

    await plan({ recovery: { type: 'immediate' } });
    await run();
    expect(looks()).toBe(4);

    await plan();
    state.nowMs -= 1;
    await run();
    expect(looks()).toBe(6);
  });

  it('asks where tablespaces stood only for going back in place', async () => {
    const { state, plan } = bench();

    await plan();
    expect(state.asked).not.toContain('tablespaces');
    await plan({ target: 'in_place' });
    expect(state.asked).toContain('tablespaces');
  });
});
