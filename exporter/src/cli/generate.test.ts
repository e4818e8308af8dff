import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildProgram } from './program.ts';
import { inertDeps, recordOutput } from './testing.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'genesis-cli-'));
  configure('services: [{ name: web }]\n');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function configure(yaml: string): void {
  writeFileSync(join(home, 'my.yaml'), yaml, { mode: 0o600 });
}

async function generate(...args: string[]) {
  const stdout = recordOutput();
  const stderr = recordOutput();
  const deps = inertDeps({ stdout, stderr, cwd: home, version: '1.2.3' });
  const code = await buildProgram(deps).run(['generate', '--config', 'my.yaml', '--out', 'out', ...args]);
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

const inOut = (path: string): string => join(home, 'out', path);
const alertFile = (): string => {
  const folder = inOut('rules/generated');
  const name = readdirSync(folder).find((one) =>
    readFileSync(join(folder, one), 'utf8').includes('alert: BackupTooOld'),
  );
  return `rules/generated/${name ?? 'no file has the alert'}`;
};

describe('genesis generate', () => {
  it('writes once, then touches nothing', async () => {
    const first = await generate();
    const before = statSync(inOut('provisioning/generated/prometheus.yml')).mtimeMs;
    const second = await generate();

    expect(first).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+ files for target files: (\d+) written, 0 unchanged, 0 removed$/m),
    });
    expect(second.stdout).toMatch(/^\d+ files for target files: 0 written, \d+ unchanged, 0 removed\n$/);
    expect(statSync(inOut('provisioning/generated/prometheus.yml')).mtimeMs).toBe(before);
    expect((await generate('--check')).code).toBe(0);
  });

  it('gives the same bytes for the same configuration, whatever its comments and order', async () => {
    await generate('--target', 'compose');
    const folder = inOut('.');
    const all = (): string[] =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .sort()
        .map((path) => `${path}\n${readFileSync(path, 'utf8')}`);
    const before = all();
    configure('# why\nservices:\n  - name: "web"\ncluster: default\n');
    const again = await generate('--target', 'compose');

    expect(again.stdout).toMatch(/ 0 written/);
    expect(all()).toEqual(before);
  });

  it('tells at the head of every file where it came from', async () => {
    for (const target of ['files', 'compose', 'kubernetes']) await generate('--target', target);
    const silent = readdirSync(inOut('.'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== 'grafana-admin-password')
      .map((entry) => join(entry.parentPath, entry.name))
      .filter(
        (path) => !readFileSync(path, 'utf8').slice(0, 2_000).includes('Made by genesis 1.2.3 from the configuration '),
      );
    const { files } = JSON.parse(readFileSync(inOut('provisioning/generated/manifest.files.json'), 'utf8')) as {
      files: string[];
    };

    // These three formats take no comment: the manifest speaks for them.
    const speechless = ['jsonnetfile.json', 'prometheus_alerts.json', 'prometheus_rules.json'];
    const inMixin = speechless.map((name) => `provisioning/generated/mixin/${name}`);
    expect(silent.sort()).toEqual(inMixin.map(inOut));
    expect(files).toEqual(expect.arrayContaining(inMixin));
  });

  it('refuses an unknown target, and a configuration with faults', async () => {
    expect((await generate('--target', 'swarm')).code).toBe(2);
    configure('clustr: x\n');
    expect(await generate()).toMatchObject({ code: 2, stderr: expect.stringContaining('did you mean "cluster"?') });
    expect(existsSync(inOut('.'))).toBe(false);
  });

  it('says which path cannot be written', async () => {
    writeFileSync(join(home, 'out'), 'a file where the folder should be');

    expect(await generate()).toMatchObject({ code: 1, stderr: expect.stringContaining(join(home, 'out')) });
  });

  it('prints what it did as one JSON document', async () => {
    const { stdout } = await generate('--json');
    const reply = JSON.parse(stdout) as { written: string[]; files: string[] };

    expect(reply).toMatchObject({
      target: 'files',
      version: '1.2.3',
      configHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      removed: [],
    });
    expect(reply.written).toEqual(reply.files.sort());
  });
});

describe('genesis generate --check', () => {
  it('ends with 1 and shows what is stale, missing and no longer generated as a unified diff', async () => {
    await generate();
    const stale = alertFile();
    const fresh = readFileSync(inOut(stale), 'utf8');
    writeFileSync(inOut(stale), fresh.replace('alert: BackupTooOld', 'alert: BackupOlder'));
    rmSync(inOut('provisioning/generated/prometheus.yml'));
    writeFileSync(inOut('rules/generated/old.yml'), fresh);
    writeFileSync(inOut('rules/generated/own.yml'), '# written by a person\ngroups: []\n');
    const checked = await generate('--check');

    expect(checked.code).toBe(1);
    expect(checked.stdout).toContain(`--- a/${stale}\n+++ b/${stale}\n`);
    expect(checked.stdout).toMatch(/^-.*alert: BackupOlder\n\+.*alert: BackupTooOld$/m);
    expect(checked.stdout).toContain('missing: provisioning/generated/prometheus.yml\n--- /dev/null\n');
    expect(checked.stdout).toMatch(/extra: rules\/generated\/old\.yml\n--- a\/.*\n\+\+\+ \/dev\/null\n/);
    expect(checked.stdout).toMatch(/\.\.\. \d+ more lines\n/);
    expect(checked.stdout).not.toContain('own.yml');
    expect(checked.stdout).toMatch(/^3 of \d+ files for target files are not as they would be generated\n$/m);
    expect(readFileSync(inOut(stale), 'utf8')).toContain('BackupOlder');
  });

  it('notices another configuration by the head alone', async () => {
    await generate();
    configure('services: [{ name: web }]\nlog: { level: warn }\n');
    const { code, stdout } = await generate('--check');

    expect(code).toBe(1);
    expect(stdout).toMatch(/^-# Made by genesis 1\.2\.3 from the configuration \w{16}\.\n\+# Made by genesis/m);
  });

  it('prints its findings as one JSON document', async () => {
    await generate();
    rmSync(inOut('provisioning/generated/prometheus.yml'));
    const { stdout } = await generate('--check', '--json');

    expect(JSON.parse(stdout)).toMatchObject({
      stale: ['provisioning/generated/prometheus.yml'],
      differences: [{ kind: 'missing', diff: expect.stringContaining('+++ b/provisioning/generated/prometheus.yml') }],
    });
  });
});

describe('what is no longer generated', () => {
  it('is removed where it carries our mark or stands in the manifest, and never what others wrote', async () => {
    await generate();
    const manifest = inOut('provisioning/generated/manifest.files.json');
    const listed = JSON.parse(readFileSync(manifest, 'utf8')) as { files: string[] };
    const outside = ['../my.yaml', 'provisioning/generated/../../../my.yaml', '/etc/passwd', 'src/other.txt'];
    writeFileSync(
      manifest,
      JSON.stringify({ ...listed, files: [...listed.files, 'gone/generated/a.json', ...outside] }),
    );
    mkdirSync(inOut('gone/generated'), { recursive: true });
    mkdirSync(inOut('src'));
    for (const path of ['gone/generated/a.json', 'src/other.txt']) writeFileSync(inOut(path), '{}');
    const ran = await generate();

    expect(ran.stdout).toContain(`removed ${inOut('gone/generated/a.json')}, which is no longer generated\n`);
    expect(ran.stdout).toMatch(/ 1 removed\n$/);
    expect(existsSync(join(home, 'my.yaml')) && existsSync(inOut('src/other.txt'))).toBe(true);
  });

  it('does not take what another target made', async () => {
    await generate();
    const other = await generate('--target', 'compose');

    expect(other.stdout).toMatch(/ 0 removed\n$/);
    expect((await generate('--check')).code).toBe(0);
  });
});

describe('the password of Grafana', () => {
  const secrets = 'provisioning/generated/genesis-dr-compose/secrets';

  it('is made once for Compose, in a folder closed to others, and is shown nowhere', async () => {
    const first = await generate('--target', 'compose');
    const password = readFileSync(inOut(`${secrets}/grafana-admin-password`), 'utf8').trim();
    writeFileSync(inOut(`${secrets}/grafana-admin-password`), 'mine\n');
    await generate('--target', 'compose');

    expect(password.length).toBeGreaterThanOrEqual(32);
    expect(first.stdout).toContain(`${secrets}/grafana-admin-password, a new password`);
    expect(first.stdout).not.toContain(password);
    expect(statSync(inOut(secrets)).mode & 0o777).toBe(0o700);
    expect(readFileSync(inOut(`${secrets}/grafana-admin-password`), 'utf8')).toBe('mine\n');
  });

  it('is not made for other targets, nor by --check', async () => {
    await generate();
    await generate('--target', 'compose', '--check');

    expect(existsSync(inOut(secrets))).toBe(false);
  });
});
