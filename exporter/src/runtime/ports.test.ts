import { existsSync, mkdirSync, symlinkSync, writeFileSync, statSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { testDeps } from '../engines/backup/archive/test-support.ts';
import { backupEngineKind } from '../engines/backup/registry.ts';
import { systemExec } from './exec.ts';
import { homeAt, lockHome, prepareHome, writeAtomically } from './home.ts';
import { isConnected } from './mounts.ts';
import { checkFolderTarget } from './restore-target.ts';
import { temporaryFolder } from './testing.ts';

const calm = { timeoutMs: 10_000, signal: new AbortController().signal };

describe('the Exec port', () => {
  it('gives exit code and output, passes arguments as they are and no environment', async () => {
    process.env['GENESIS_TEST_LEAK'] = 'leaked';
    const done = await systemExec.run(
      'sh',
      ['-c', 'printf "%s|%s" "$1" "$GENESIS_TEST_LEAK"; exit 3', 'sh', 'a b;$(id)'],
      calm,
    );
    delete process.env['GENESIS_TEST_LEAK'];

    expect(done).toEqual({ ok: true, value: { exitCode: 3, stdout: 'a b;$(id)|', stderr: '', truncated: false } });
  });

  it('keeps the tail within the bound and takes secrets out', async () => {
    const done = await systemExec.run('sh', ['-c', 'yes x | head -c 200000; printf " the key is s3cret"'], {
      ...calm,
      maxOutputBytes: 1000,
      redact: ['s3cret'],
    });

    expect(done.ok && done.value.truncated).toBe(true);
    expect(done.ok && done.value.stdout.length).toBeLessThanOrEqual(1000);
    expect(done.ok && done.value.stdout.endsWith('the key is ***')).toBe(true);
  });

  it('kills the whole group on timeout and on abort', async () => {
    const folder = temporaryFolder();
    const marker = join(folder.path, 'late');
    const timedOut = await systemExec.run('sh', ['-c', `(sleep 1; touch ${marker}) & sleep 30`], {
      ...calm,
      timeoutMs: 200,
    });
    expect(timedOut.ok ? null : timedOut.error.code).toBe('exec_timeout');
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    const aborted = await systemExec.run('sleep', ['30'], { timeoutMs: 10_000, signal: controller.signal });
    expect(aborted.ok ? null : aborted.error.code).toBe('cancelled');
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(existsSync(marker)).toBe(false);
    folder.remove();
  });

  it('says that a program is missing', async () => {
    const done = await systemExec.run('/nonexistent/program', [], calm);

    expect(done.ok ? null : [done.error.code, done.error.message]).toEqual([
      'exec_failed',
      expect.stringContaining('/nonexistent/program could not be started'),
    ]);
  });
});

describe('the home', () => {
  it('is private, and taken by one genesis at a time', () => {
    const folder = temporaryFolder();
    const home = homeAt(join(folder.path, 'home'));
    expect(prepareHome(home).ok).toBe(true);
    expect(statSync(home.path).mode & 0o777).toBe(0o700);

    const first = lockHome(home);
    const second = lockHome(home);
    expect(first.ok).toBe(true);
    expect(second.ok ? null : second.error.code).toBe('home_locked');
    expect(second.ok ? '' : second.error.message).toContain(`process ${process.pid}`);

    if (first.ok) first.value.release();
    const third = lockHome(home);
    expect(third.ok).toBe(true);
    if (third.ok) third.value.release();
    folder.remove();
  });

  it('says so in one sentence when it cannot be used', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder.path, 'file'), '');
    const prepared = prepareHome(homeAt(join(folder.path, 'file', 'home')));

    expect(prepared.ok ? null : prepared.error.code).toBe('home_unusable');
    folder.remove();
  });

  it('replaces a file whole', () => {
    const folder = temporaryFolder();
    const path = join(folder.path, 'address');
    writeAtomically(path, 'one\n', 0o600);
    writeAtomically(path, 'two\n', 0o600);

    expect(readFileSync(path, 'utf8')).toBe('two\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    folder.remove();
  });
});

describe('checkFolderTarget', () => {
  const folder = temporaryFolder();
  const root = join(folder.path, 'restores');
  mkdirSync(root);
  mkdirSync(join(folder.path, 'elsewhere'));
  symlinkSync(join(folder.path, 'elsewhere'), join(root, 'link'));
  afterAll(() => folder.remove());
  const codeOf = async (path: string): Promise<string> => {
    const checked = await checkFolderTarget(path, [root]);
    return checked.ok ? 'ok' : checked.error.code;
  };

  it('allows a new folder below a root, also one whose parents do not exist yet', async () => {
    expect(await codeOf(join(root, 'a'))).toBe('ok');
    expect(await codeOf(join(root, 'a', 'b'))).toBe('ok');
  });

  it('refuses everything else', async () => {
    expect(await codeOf(root)).toBe('target_not_allowed');
    expect(await codeOf('/etc/new')).toBe('target_not_allowed');
    expect(await codeOf(`${root}/../elsewhere/x`)).toBe('target_not_allowed');
    expect(await codeOf('relative')).toBe('target_not_allowed');
    expect(await codeOf(join(root, 'link', 'x'))).toBe('target_not_allowed');
    mkdirSync(join(root, 'there'));
    expect(await codeOf(join(root, 'there'))).toBe('target_not_empty');
  });
});

describe('isConnected', () => {
  it('takes an empty folder for a missing mount once a repository was made there', async () => {
    const folder = temporaryFolder();
    const copy = {
      name: 'second',
      ref: { path: join(folder.path, 'mount'), key: null },
      offsite: false,
      mountpoint: false,
      remote: false,
    };
    const engine = backupEngineKind('archive').create(testDeps);
    expect(await isConnected(copy, false, engine)).toBe(true);
    mkdirSync(copy.ref.path);
    expect(await isConnected(copy, true, engine)).toBe(false);
    writeFileSync(join(copy.ref.path, 'genesis-repository.json'), '');
    expect(await isConnected(copy, true, engine)).toBe(true);
    expect(await isConnected({ ...copy, mountpoint: true, ref: { path: '/', key: null } }, false, engine)).toBe(false);
    folder.remove();
  });
});
