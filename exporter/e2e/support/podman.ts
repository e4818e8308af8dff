import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, writeFileSync, copyFileSync, chmodSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { startProcess, tempFolder, waitUntil, type RunningProcess } from './processes.ts';

// Podman with a store of its own, its Engine API on a socket, and one image made from a folder: nothing is pulled.

export interface Podman {
  readonly socket: string;
  readonly image: string;
  /** Runs the program itself, past the API. Throws with what it said. */
  run(...args: string[]): string;
  stop(): Promise<void>;
}

export const httpPort = 8080;
const image = 'localhost/genesis-test:1';
const mend = 'install the Debian packages podman, runc, conmon, netavark, iptables, busybox-static';

/** Why containers cannot run here; null: they can. */
export function whyNoContainers(podman: Podman): string | null {
  try {
    podman.run('run', '--rm', image, '/bin/busybox', 'true');
    return null;
  } catch (thrown) {
    return (thrown as Error).message;
  }
}

export async function startPodman(): Promise<Podman> {
  // Without it Podman gives containers no address that this process reaches.
  if (process.getuid?.() !== 0) throw new Error('the bridge network of Podman needs root: run this test as root');
  const folder = tempFolder('gpod-');
  const config = path.join(folder, 'containers.conf');
  writeFileSync(config, configText);
  const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: folder, CONTAINERS_CONF: config };
  const where = ['--root', path.join(folder, 'root'), '--runroot', path.join(folder, 'run')];
  const run = (...args: string[]): string => {
    const ran = spawnSync('podman', [...where, ...args], { env, encoding: 'utf8', timeout: 60_000 });
    if (ran.error !== undefined) throw new Error(`podman cannot be started: ${mend}`, { cause: ran.error });
    if (ran.status !== 0) throw new Error(`podman ${args[0] ?? ''}: ${ran.stderr.trim()}`);
    return ran.stdout.trim();
  };
  run('import', '--quiet', '--change', 'WORKDIR /www', rootFolder(folder), image);
  const socket = path.join(folder, 's');
  const service = await startProcess({
    name: 'podman system service',
    file: 'podman',
    args: [...where, 'system', 'service', '--time=0', `unix://${socket}`],
    env,
    mend,
  });
  await waitUntil('the socket of podman', () => {
    accessSync(socket, constants.W_OK);
    return true;
  });
  return { socket, image, run, stop: () => stopAll(folder, run, service) };
}

/** Limits below those of this process: a container in a sandbox must not raise them. crun does not run on a hybrid cgroup tree, runc does. */
const configText = `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
`;

/** An image of one static program, with two pages. */
function rootFolder(folder: string): string {
  const root = path.join(folder, 'image');
  for (const part of ['bin', 'www', 'tmp']) mkdirSync(path.join(root, part), { recursive: true });
  const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (busybox === undefined) throw new Error(`there is no busybox: ${mend}`);
  copyFileSync(busybox, path.join(root, 'bin/busybox'));
  chmodSync(path.join(root, 'bin/busybox'), 0o755);
  writeFileSync(path.join(root, 'www/index.html'), 'ok\n');
  const tar = path.join(folder, 'image.tar');
  const packed = spawnSync('tar', ['-C', root, '-cf', tar, '.'], { encoding: 'utf8' });
  if (packed.status !== 0) throw new Error(`tar: ${packed.stderr}`);
  return tar;
}

async function stopAll(folder: string, run: Podman['run'], service: RunningProcess): Promise<void> {
  run('rm', '--all', '--force', '--time', '0');
  await service.stop();
  // Podman mounts the folder of its layers on itself, and leaves it so.
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point.startsWith(`${folder}/`));
  for (const point of points.reverse()) spawnSync('umount', [point]);
}
