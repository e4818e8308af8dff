import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ok } from '../contract/errors.ts';
import type { CliDeps } from './deps.ts';
import { runIn } from './testing/program.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'genesis-cli-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));
const run = (argv: readonly string[], changes?: Partial<CliDeps>) => runIn(home, argv, changes);

describe('from a folder alone', () => {
  const record = (id: string, service: string, startedAt: string) => ({
    id,
    service,
    startedAt,
    type: 'full',
    bytes: 10,
    status: 'completed',
  });
  const listing = {
    records: [record('b1', 'web', '2026-11-22T01:00:00.000Z'), record('b2', 'web', '2026-11-22T02:00:00.000Z')],
    damaged: [],
    freeBytes: 1,
    totalBytes: 1,
    keyFingerprint: null,
  };
  const bare = (changes: object): Partial<CliDeps> => ({
    openBare: () => Promise.resolve(ok({ list: () => Promise.resolve(ok(listing)), ...changes } as never)),
  });

  it('lists newest first', async () => {
    const ran = await run(['restore', '--from', 'copy', '--list'], bare({}));

    expect(ran.code).toBe(0);
    expect(ran.stdout.indexOf('b2')).toBeLessThan(ran.stdout.indexOf('b1'));
  });

  it('restores the latest into a new folder', async () => {
    const asked: unknown[] = [];
    const restore = (id: string, selection: unknown, to: string) => {
      asked.push(id, selection, to);
      return Promise.resolve(ok({ entries: 3, bytes: 2048, replaced: [] }));
    };

    const ran = await run(['restore', '--from', 'copy', 'latest', '--to', 'new', '--path', 'a/**'], bare({ restore }));

    expect(asked).toEqual(['b2', { components: [], paths: ['a/**'] }, join(home, 'new')]);
    expect(ran.stdout).toContain('3 entries, 2.0 KiB');
  });

  it('refuses a target that exists before it opens anything', async () => {
    mkdirSync(join(home, 'there'));

    expect((await run(['restore', '--from', 'copy', 'latest', '--to', 'there'])).code).toBe(4);
  });

  it('ends with 1 when verify found damage, and with 5 for a backup that is not there', async () => {
    const report = {
      backupId: 'b1',
      passed: false,
      chain: ['b1'],
      entries: 1,
      bytes: 1,
      faults: [{ backupId: 'b1', component: 'data', path: 'x', message: 'hash differs' }],
    };
    const deps = bare({ verify: () => Promise.resolve(ok(report)) });

    const damaged = await run(['verify', '--from', 'copy', 'b1'], deps);
    expect(damaged.code).toBe(1);
    expect(damaged.stdout).toContain('b1 data x: hash differs');
    expect((await run(['verify', '--from', 'copy', 'b9'], deps)).code).toBe(5);
  });

  it('does not take a key on the command line', async () => {
    const ran = await run(['restore', '--from', 'copy', '--list', '--key', 'hunter2hunter2'], bare({}));

    expect(ran.code).toBe(2);
  });
});
