import { jest } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BackupRecord } from '../../../contract/backup.ts';
import type { Outcome } from '../../../contract/errors.ts';
import { unprivileged } from '../../testing-unprivileged.ts';
import { backupIdOf, createBench, createSandbox, listOf, type Sandbox } from './test-support.ts';

// Threads start slowly on a busy machine.
jest.setTimeout(60_000);

let box: Sandbox;
beforeEach(() => {
  box = createSandbox();
});
afterEach(() => box.remove());

const isRoot = process.getuid?.() === 0;

const who = unprivileged();

/** Runs one full backup in a process that may not read everything, whoever runs the tests, and gives its outcome as JSON. */
function backupUnprivileged(
  tree: string,
  repository: string,
  launcher: readonly string[] = who.launcher,
): {
  readonly ok: boolean;
  readonly value?: BackupRecord;
  readonly error?: { readonly code: string; readonly message: string };
} {
  const support = fileURLToPath(new URL('./test-support.ts', import.meta.url));
  const script = `
    const { createBench } = await import(${JSON.stringify(support)});
    const bench = await createBench({ path: ${JSON.stringify(repository)}, key: null }, [${JSON.stringify(tree)}]);
    const outcome = await bench.run(1);
    console.log(JSON.stringify(outcome.ok ? outcome : { ok: false, error: { code: outcome.error.code, message: outcome.error.message } }));`;
  const [program = '', ...args] = [...launcher, process.execPath, '--input-type=module', '-e', script];
  const run = spawnSync(program, args, {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
    cwd: '/',
  });
  if (run.status !== 0) throw new Error(run.error?.message ?? run.stderr);
  return JSON.parse(run.stdout) as ReturnType<typeof backupUnprivileged>;
}

/** A tree and a folder for the repository that the unprivileged user owns. */
function giveAway(...paths: string[]): void {
  chmodSync(box.path, 0o755);
  if (isRoot) for (const path of paths) chownSync(path, who.uid, who.gid);
}

test('what may not be read is named, the rest is backed up with warnings', async () => {
  mkdirSync(box.at('tree/closed'), { recursive: true });
  mkdirSync(box.at('repo'));
  writeFileSync(box.at('tree/open'), 'open');
  writeFileSync(box.at('tree/secret'), 'secret');
  writeFileSync(box.at('tree/closed/inside'), 'inside');
  chmodSync(box.at('tree/secret'), 0);
  giveAway(box.at('repo'), box.at('tree'));
  chmodSync(box.at('tree/closed'), 0);

  const outcome = backupUnprivileged(box.at('tree'), box.at('repo'));

  expect(outcome.value).toMatchObject({ status: 'completed_with_warnings', warningCount: 2 });
  expect(outcome.value?.warnings.map((w) => `${w.kind} ${w.path}`)).toEqual([
    'unreadable tree/closed',
    'unreadable tree/secret',
  ]);
  expect((await listOf({ path: box.at('repo'), key: null }, backupIdOf(1))).map((e) => e.path)).toEqual([
    'tree',
    'tree/closed',
    'tree/open',
  ]);
});

test('a process that is nicer than its backups backs up', () => {
  mkdirSync(box.at('tree'));
  mkdirSync(box.at('repo'));
  giveAway(box.at('repo'), box.at('tree'));

  const outcome = backupUnprivileged(box.at('tree'), box.at('repo'), ['nice', '-n', '15', ...who.launcher]);

  expect(outcome).toMatchObject({ ok: true, value: { status: 'completed' } });
});

test('a root that may not be read fails the backup and leaves nothing', () => {
  mkdirSync(box.at('tree'));
  mkdirSync(box.at('repo'));
  giveAway(box.at('repo'));
  chmodSync(box.at('tree'), 0);

  const outcome = backupUnprivileged(box.at('tree'), box.at('repo'));

  expect(outcome).toMatchObject({
    ok: false,
    error: { code: 'backup_failed', message: expect.stringContaining(box.at('tree')) },
  });
  expect(readdirSync(box.at('repo/backups/shop'))).toEqual([]);
});

test('a repository that may not be written is said before anything is copied', () => {
  mkdirSync(box.at('tree'));
  mkdirSync(box.at('repo'), { mode: 0o555 });
  chmodSync(box.path, 0o755);

  expect(() => backupUnprivileged(box.at('tree'), box.at('repo'))).toThrow(
    /repository_unreadable.*cannot create a repository/,
  );
});

/** A file system of 3 MiB where this machine lets us have one: in the sandbox for root, else nowhere. */
function mountSmall(path: string): boolean {
  mkdirSync(path);
  return isRoot && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m,mode=0700', 'tmpfs', path]).status === 0;
}

test('a disk that fills up ends the backup as disk_full and leaves nothing', async () => {
  const small = box.at('small');
  // Without the right to mount there is no small disk; the end-to-end tests have one of their own.
  if (!mountSmall(small)) return;
  try {
    mkdirSync(box.at('tree'));
    for (let i = 0; i < 8; i += 1)
      execFileSync('dd', ['if=/dev/urandom', `of=${box.at('tree', `noise${i}`)}`, 'bs=1M', 'count=1', 'status=none']);
    const bench = await createBench({ path: box.at('small/repo'), key: null }, [box.at('tree')]);

    const outcome: Outcome<BackupRecord> = await bench.run(1);

    expect(outcome).toMatchObject({
      ok: false,
      error: { code: 'disk_full', details: { components: [{ name: 'data', status: 'failed' }] } },
    });
    expect(readdirSync(box.at('small/repo/backups/shop'))).toEqual([]);
    expect(existsSync(box.at('small/repo/backups/shop', backupIdOf(1)))).toBe(false);
  } finally {
    execFileSync('umount', ['-l', small]);
  }
});
