import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { checkout, cleanUp, run, startProcess, tempFolder, waitUntil } from './support/processes.ts';

const deadlineMs = 240_000;
afterAll(cleanUp);

/** Makes the tarball and installs it with npm into an empty folder. Returns that folder. */
async function installPackage(): Promise<string> {
  const folder = tempFolder('genesis-package-');
  const packed = await run({
    name: 'npm run package',
    file: process.execPath,
    args: [path.join(checkout, 'scripts/package.mjs'), '--out', folder],
    cwd: checkout,
    env: {},
    deadlineMs,
  });
  expect(packed).toMatchObject({ exitCode: 0 });
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? 'no tarball';
  writeFileSync(path.join(folder, 'package.json'), '{"private":true}\n');
  const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', path.join(folder, tarball)];
  // npm finds its registry and proxies in the environment of whoever runs the tests.
  const env = Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const installed = await run({ name: 'npm install', file: 'npm', args, cwd: folder, env, deadlineMs });
  expect(installed).toMatchObject({ exitCode: 0 });
  return folder;
}

/** A home whose one service protects a folder with one file. */
function prepareHome(folder: string): string {
  const home = path.join(folder, 'home');
  mkdirSync(home, { mode: 0o700 });
  mkdirSync(path.join(folder, 'data'));
  writeFileSync(path.join(folder, 'data', 'file.txt'), 'kept\n');
  const config = path.join(home, 'genesis.yaml');
  writeFileSync(
    config,
    `services:\n  - name: web\n    backup: { components: { data: { paths: ["${folder}/data"] } } }\n`,
  );
  chmodSync(config, 0o600);
  return home;
}

/** Runs the installed server, opens the console with a token and asks for the script that its page names. */
async function visitConsole(
  binary: string,
  home: string,
): Promise<{ readonly page: Response; readonly script: Response }> {
  const server = await startProcess({
    name: 'genesis serve',
    file: binary,
    args: ['serve', '--listen', '127.0.0.1:0'],
    env: { GENESIS_HOME: home },
  });
  const address = path.join(home, 'run/address');
  const url = await waitUntil(
    'it answers',
    async () => {
      const candidate = `http://${readFileSync(address, 'utf8').trim()}`;
      return (await fetch(`${candidate}/healthz`)).ok ? candidate : undefined;
    },
    { deadlineMs: 60_000, processes: [server] },
  );
  const headers = { authorization: `Bearer ${readFileSync(path.join(home, 'tokens/viewer'), 'utf8').trim()}` };
  const page = await fetch(`${url}/console`, { headers });
  const [, source = ''] = /src="(\/console\/assets\/main-[^"]+\.js)"/.exec(await page.clone().text()) ?? [];
  const script = await fetch(`${url}${source}`);
  await script.clone().arrayBuffer();
  await server.stop();
  return { page, script };
}

it(
  'installs from its tarball in an empty folder and does the main job there',
  async () => {
    const folder = await installPackage();
    const home = prepareHome(folder);
    const binary = path.join(folder, 'node_modules/.bin/genesis');
    const genesis = (...args: string[]) =>
      run({
        name: `genesis ${args.join(' ')}`,
        file: binary,
        args,
        cwd: folder,
        env: { GENESIS_HOME: home },
        deadlineMs,
      });
    const { version } = JSON.parse(readFileSync(path.join(checkout, 'exporter/package.json'), 'utf8')) as {
      version: string;
    };

    expect(await genesis('--version')).toEqual({ exitCode: 0, output: `${version}\n` });
    expect(await genesis('config', 'check')).toMatchObject({ exitCode: 0 });
    expect(await genesis('backup', 'web', '--type', 'full')).toMatchObject({ exitCode: 0 });
    expect(await genesis('verify', 'latest')).toMatchObject({ exitCode: 0 });
    expect(
      await genesis('restore', '--from', path.join(home, 'repository'), 'latest', '--to', path.join(folder, 'out')),
    ).toMatchObject({ exitCode: 0 });
    expect(readFileSync(path.join(folder, 'out/data/data/file.txt'), 'utf8')).toBe('kept\n');
    expect(await genesis('generate', '--out', path.join(folder, 'generated'))).toMatchObject({ exitCode: 0 });
    expect(readFileSync(path.join(folder, 'generated/rules/generated/dr_alerts.yml'), 'utf8')).toContain(
      'BackupTooOld',
    );

    const { page, script } = await visitConsole(binary, home);
    expect([page.status, script.status, script.headers.get('content-encoding')]).toEqual([200, 200, 'gzip']);
    expect(script.headers.get('cache-control')).toContain('immutable');
    expect(readdirSync(folder)).toContain(`genesis-dr-app-${version}.zip`);
  },
  2 * deadlineMs,
);
