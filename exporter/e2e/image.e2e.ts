import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { checkout, cleanUp, freePort, run, startProcess, tempFolder, waitUntil } from './support/processes.ts';

const deadlineMs = 300_000;
// npm finds its registry and proxies in the environment of whoever runs the tests.
const inherited = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
);
let image = '';

beforeAll(async () => {
  image = path.join(tempFolder('genesis-image-'), 'image');
  const args = [path.join(checkout, 'scripts/image.mjs'), image];
  const built = await run({
    name: 'image.mjs',
    file: process.execPath,
    args,
    cwd: checkout,
    env: inherited,
    deadlineMs,
  });
  if (built.exitCode !== 0) throw new Error(`image.mjs ended with ${built.exitCode}:\n${built.output}`);
}, deadlineMs);
afterAll(cleanUp);

const program = (): string => path.join(image, 'node_modules/@genesis-dr/exporter/bin/genesis.mjs');

function genesis(home: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const whole = { GENESIS_HOME: home, NODE_OPTIONS: '--disable-warning=ExperimentalWarning', ...env };
  return {
    name: `genesis ${args.join(' ')}`,
    file: process.execPath,
    args: [program(), ...args],
    cwd: home,
    env: whole,
  };
}

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly version?: string; readonly dev?: boolean; readonly link?: boolean }>
  >;
}

/** Every installed package of the top level, by name. */
function installed(): Map<string, string> {
  const modules = path.join(image, 'node_modules');
  const names = readdirSync(modules)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@') ? readdirSync(path.join(modules, name)).map((one) => `${name}/${one}`) : [name],
    );
  const versionOf = (name: string): string =>
    (JSON.parse(readFileSync(path.join(modules, name, 'package.json'), 'utf8')) as { version: string }).version.replace(
      /^v/, // one package writes it into its own manifest, and the registry takes it off
      '',
    );
  return new Map(names.map((name) => [name, versionOf(name)]));
}

function entries(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => `${file} ${statSync(file).mtimeMs}`)
    .sort();
}

function statusOf(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    http
      .get({ host: '127.0.0.1', port, path: '/metrics', headers: { host } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
      .on('error', reject);
  });
}

it('holds production dependencies only, in the versions of the lock file', () => {
  const { packages } = JSON.parse(readFileSync(path.join(checkout, 'package-lock.json'), 'utf8')) as Lock;
  const found = installed();
  // In the checkout another version of it may stand above, so that the lock file has this one further down.
  const lockedAs = (name: string, version: string) =>
    Object.entries(packages).flatMap(([place, locked]) =>
      place.endsWith(`node_modules/${name}`) && locked.version === version ? [locked] : [],
    );
  const others = [...found].filter(([name]) => name !== '@genesis-dr/exporter');

  expect(others.filter(([name, version]) => lockedAs(name, version).length === 0)).toEqual([]);
  expect(others.filter(([name, version]) => lockedAs(name, version).every(({ dev }) => dev === true))).toEqual([]);
  expect(found.has('@grafana/grafana-foundation-sdk')).toBe(true);
});

it('generates the files for Compose, with every mounted path', async () => {
  const home = tempFolder('genesis-home-');
  writeFileSync(path.join(home, 'genesis.yaml'), 'services: [{ name: demo-files }]\n', { mode: 0o600 });
  const out = path.join(home, 'deploy');
  const ran = await run(genesis(home, ['generate', '--target', 'compose', '--out', out]));
  const place = path.join(out, 'provisioning/generated/genesis-dr-compose');

  expect(ran).toMatchObject({ exitCode: 0, output: expect.stringMatching(/files for target compose/) });
  for (const name of [
    'rules/generated',
    'alertmanager/generated/alertmanager.yml',
    'dashboards/generated/dr-overview.json',
  ])
    expect({ name, there: existsSync(path.join(out, name)) }).toEqual({ name, there: true });
  expect(existsSync(path.join(place, 'secrets/grafana-admin-password'))).toBe(true);
  expect((await run(genesis(home, ['generate', '--target', 'compose', '--out', out, '--check']))).exitCode).toBe(0);
});

it('serves from the configuration made for the container, tells its health, and writes only to its home', async () => {
  const home = tempFolder('genesis-home-');
  const out = tempFolder('genesis-out-');
  writeFileSync(path.join(out, 'genesis.yaml'), 'services: [{ name: demo-files }]\n', { mode: 0o600 });
  expect(
    await run(
      genesis(out, ['generate', '--target', 'compose', '--config', path.join(out, 'genesis.yaml'), '--out', out]),
    ),
  ).toMatchObject({ exitCode: 0 });
  const generated = path.join(out, 'provisioning/generated/genesis-dr-compose/genesis.yaml');
  const config = parse(readFileSync(generated, 'utf8')) as {
    services: { backup: { components: { data: { paths: string[] } } } }[];
  };
  // The folder of the demonstration is that of the image; here it is below the home.
  const [service] = config.services;
  expect(service?.backup.components.data.paths).toEqual(['/var/lib/genesis/demo-data']);
  if (service !== undefined) service.backup.components.data.paths = [path.join(home, 'demo-data')];
  mkdirSync(path.join(home, 'demo-data'));
  const file = path.join(home, 'genesis.yaml');
  writeFileSync(file, stringify(config), { mode: 0o600 });
  const before = entries(image);
  const port = await freePort();
  const env = { GENESIS_LISTEN: `127.0.0.1:${port}`, NODE_DISABLE_COMPILE_CACHE: '1' };
  const health = () =>
    run({
      name: 'health',
      file: process.execPath,
      args: [path.join(image, 'health.mjs')],
      env: { GENESIS_HOME: home },
    });

  expect(await health()).toMatchObject({ exitCode: 1, output: expect.stringMatching(/^unhealthy: /) });
  const server = await startProcess(genesis(home, ['--config', file, 'serve'], env));
  await waitUntil('healthy', async () => (await health()).exitCode === 0, { processes: [server], deadlineMs: 60_000 });
  expect(await statusOf(port, 'genesis:9847')).toBe(200);
  expect(await statusOf(port, 'elsewhere:9847')).toBe(421);
  expect(await server.stop()).toBe(0);
  expect((await health()).exitCode).toBe(1);
  expect(entries(image)).toEqual(before);
}, 120_000);
