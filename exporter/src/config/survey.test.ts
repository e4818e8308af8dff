import { execFile } from 'node:child_process';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fail, ok } from '../contract/errors.ts';
import type { Exec } from '../ports/index.ts';
import { checkConfig, createFeatureProbe } from './survey.ts';
import { createBench } from './testing.ts';
import type { Bench } from './testing.ts';

let bench: Bench;
beforeEach(() => {
  bench = createBench();
  mkdirSync(join(bench.folder, 'tree/sub'), { recursive: true });
  writeFileSync(join(bench.folder, 'tree/sub/plain'), 'x'.repeat(200_000));
});
afterEach(() => bench.remove());

const signal = new AbortController().signal;
const run = promisify(execFile);
/** Runs the real programs; the port's other promises are not needed here. */
const exec: Exec = {
  async run(file, args) {
    try {
      const { stdout, stderr } = await run(file, [...args]);
      return ok({ exitCode: 0, stdout, stderr, truncated: false });
    } catch (thrown) {
      return fail('exec_failed', `${file}: ${String(thrown)}`);
    }
  },
};

function configFile(): string {
  return bench.write(
    'genesis.yaml',
    `services: [{ name: a, backup: { components: { d: { paths: [${bench.folder}/tree] } } } }]`,
  );
}

async function warnings(options: { probe?: ReturnType<typeof createFeatureProbe> } = {}) {
  const checked = await checkConfig(configFile(), {}, { ...options, signal });
  if (!checked.ok) throw checked.error;
  return checked.value.warnings;
}

it('finds nothing in a plain tree', async () => {
  expect(await warnings({ probe: createFeatureProbe(exec) })).toEqual([]);
});

it('warns of sparse files', async () => {
  const path = join(bench.folder, 'tree/sub/holes');
  writeFileSync(path, '');
  truncateSync(path, 10 * 1024 * 1024);

  expect(await warnings()).toMatchObject([
    {
      path: 'services[0].backup.components.d.paths',
      line: 1,
      message: expect.stringContaining(`holds sparse files (1 in the sample, e.g. ${path})`),
    },
  ]);
});

it('warns of extended attributes and ACLs, where the tools and the file system know them', async () => {
  const path = join(bench.folder, 'tree/sub/plain');
  const set = [
    await exec.run('setfattr', ['-n', 'user.note', '-v', 'x', path], { timeoutMs: 5000, signal }),
    await exec.run('setfacl', ['-m', 'u:12345:r', path], { timeoutMs: 5000, signal }),
  ];
  const expected = ['extended attributes', 'access control lists'].filter((_what, index) => set[index]?.ok === true);

  const found = await warnings({ probe: createFeatureProbe(exec) });

  expect(found.map(({ message }) => /^holds ([a-z ]+) \(1 in/.exec(message)?.[1])).toEqual(expected);
});

it('says so when they could not be looked for', async () => {
  const broken: Exec = { run: (file) => Promise.resolve(fail('exec_failed', `${file} is not installed`)) };

  const found = await warnings({ probe: createFeatureProbe(broken) });

  expect(found.map(({ message }) => message)).toEqual([
    'extended attributes were not looked for: getfattr is not installed',
    'access control lists were not looked for: getfacl is not installed',
  ]);
});
