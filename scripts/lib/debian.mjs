import { spawnSync } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { BootstrapError, say, since } from './say.mjs';

/** Real products that tests run, by the program that shows them to be there. */
export const testTools = [
  { program: 'promtool', package: 'prometheus', layers: ['check', 'unit', 'e2e', 'long'] },
  { program: 'prometheus', package: 'prometheus', layers: ['e2e', 'long'] },
  { program: 'amtool', package: 'prometheus-alertmanager', layers: ['check', 'unit', 'e2e', 'long'] },
  { program: 'prometheus-alertmanager', package: 'prometheus-alertmanager', layers: ['e2e', 'long'] },
  { program: 'docker-compose', package: 'docker-compose', layers: ['check', 'unit'] },
  { program: 'jsonnet', package: 'jsonnet', layers: ['check', 'unit'] },
  { program: 'pg_ctlcluster', package: 'postgresql-15', layers: ['e2e', 'browser', 'long'] },
  { program: 'pgbackrest', package: 'pgbackrest', layers: ['e2e', 'browser', 'long'] },
  {
    file: '/usr/lib/postgresql/15/lib/pg_cron.so',
    package: 'postgresql-15-cron',
    layers: ['e2e', 'long'],
  },
  { program: 'patroni', package: 'patroni', layers: ['e2e', 'long'] },
  { program: 'etcd', package: 'etcd-server', layers: ['e2e', 'long'] },
  // In a folder that is on the PATH of root only.
  { file: '/usr/sbin/haproxy', package: 'haproxy', layers: ['e2e', 'browser', 'long'] },
  { program: 'redis-server', package: 'redis-server', layers: ['e2e', 'long'] },
  { program: 'restic', package: 'restic', layers: ['e2e', 'long'] },
  // Containers that are scaled; what they need on their way is not always there.
  { program: 'podman', package: 'podman', layers: ['long'] },
  { file: '/usr/sbin/runc', package: 'runc', layers: ['long'] },
  { file: '/usr/bin/conmon', package: 'conmon', layers: ['long'] },
  { file: '/usr/lib/podman/netavark', package: 'netavark', layers: ['long'] },
  { file: '/usr/sbin/iptables', package: 'iptables', layers: ['long'] },
  { file: '/bin/busybox', package: 'busybox-static', layers: ['long'] },
  { program: 'chromium', package: 'chromium', layers: ['browser'] },
  { program: 'zstd', package: 'zstd', layers: ['check', 'unit', 'e2e', 'long'] },
  { program: 'tar', package: 'tar', layers: ['check', 'unit', 'e2e', 'browser', 'long'] },
  { program: 'setfacl', package: 'acl', layers: ['check', 'unit', 'e2e', 'long'] },
  { program: 'setfattr', package: 'attr', layers: ['check', 'unit', 'e2e', 'long'] },
];

const policyFile = '/usr/sbin/policy-rc.d';
const policy =
  '#!/bin/sh\n# Written by the tests of genesis, removed again by them: installed services stay stopped.\nexit 101\n';

/** Debian packages that the layers need and that are not there. */
export function missingPackages(layers, path = process.env.PATH ?? '', root = '/') {
  const missing = testTools.filter(
    (tool) => tool.layers.some((layer) => layers.includes(layer)) && !isThere(tool, path, root),
  );
  return [...new Set(missing.map((tool) => tool.package))];
}

function isThere({ program, file }, path, root) {
  return file === undefined ? isOnPath(program, path) : existsSync(join(root, file));
}

function isOnPath(program, path) {
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== '';
    } catch {
      return false; // not there; the next folder is looked at
    }
  });
}

/** Installs what is missing where that is allowed, else says what to install. Throws BootstrapError. */
export function provideTestTools(packages) {
  if (packages.length === 0) return;
  const line = `apt-get install --no-install-recommends -y ${packages.join(' ')}`;
  const allowed =
    process.getuid?.() === 0 && process.env.GENESIS_TEST_INSTALL !== '0' && isOnPath('apt-get', process.env.PATH ?? '');
  if (!allowed) throw new BootstrapError(`the tests need programs that are not installed; as root:\n  ${line}`, 2);
  say(
    `the tests need ${packages.join(', ')}: installing these Debian packages as root (GENESIS_TEST_INSTALL=0 forbids it); their services are not started`,
  );
  const started = performance.now();
  withStoppedServices(() => {
    apt(['update', '-q'], line);
    apt(['install', '--no-install-recommends', '-y', '-q', ...packages], line);
  });
  const still = packages.filter((name) =>
    testTools.some((tool) => tool.package === name && !isThere(tool, process.env.PATH ?? '', '/')),
  );
  if (still.length > 0)
    throw new BootstrapError(`installed ${still.join(', ')}, but their programs are not on the PATH`);
  say(`installed them in ${since(started)}`);
}

/** Debian asks policy-rc.d before it starts a service; an existing one is left alone. RUNLEVEL=1 says the same to older scripts. */
function withStoppedServices(work) {
  const ours = !existsSync(policyFile);
  const remove = () => {
    if (ours && existsSync(policyFile) && readFileSync(policyFile, 'utf8') === policy) rmSync(policyFile);
  };
  const leave = () => {
    remove();
    process.exit(130);
  };
  if (ours) {
    writeFileSync(policyFile, policy, { mode: 0o755 });
    chmodSync(policyFile, 0o755);
  }
  process.once('SIGINT', leave);
  process.once('SIGTERM', leave);
  try {
    work();
  } finally {
    process.off('SIGINT', leave);
    process.off('SIGTERM', leave);
    remove();
  }
}

function apt(args, line) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const ran = spawnSync('apt-get', args, { env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (ran.status === 0) return;
  const tail = `${ran.stdout ?? ''}${ran.stderr ?? ''}`.trim().split('\n').slice(-15).join('\n');
  throw new BootstrapError(`apt-get ${args[0]} failed; try as root:\n  ${line}\n${tail}`);
}
