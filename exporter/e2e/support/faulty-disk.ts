import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { asUser, ownedFolder, startPostgres, type ServerOptions, type TestServer } from './postgres.ts';
import { startProcess, tempFolder, waitUntil } from './processes.ts';
import { isRoot } from './failover-network.ts';

/** A server whose disk is full or slow when the test says so. */

export interface FaultyDisk {
  readonly server: TestServer;
  /** No byte more fits. */
  fill(): void;
  free(): void;
  /** Every fsync takes so much longer; 0: as ever. */
  slow(ms: number): void;
}

// Between the server and the kernel: waits before it hands on an fsync, and refuses what would make a file longer.
const shim = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static long told(const char *name) {
  char path[4096];
  long value = 0;
  const char *folder = getenv("FAULTY_DISK");
  if (folder == NULL) return 0;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "r");
  if (file == NULL) return 0;
  if (fscanf(file, "%ld", &value) != 1) value = 0;
  fclose(file);
  return value;
}

static void wait_for_disk(void) {
  long ms = told("slow");
  if (ms > 0) usleep(ms * 1000);
}

static int no_room(int fd, off_t end) {
  struct stat seen;
  if (fstat(fd, &seen) != 0 || !S_ISREG(seen.st_mode) || end <= seen.st_size || told("full") == 0) return 0;
  errno = ENOSPC;
  return 1;
}

static off_t sum(const struct iovec *parts, int count) {
  off_t bytes = 0;
  for (int at = 0; at < count; at++) bytes += parts[at].iov_len;
  return bytes;
}

int fsync(int fd) { wait_for_disk(); return ((int (*)(int)) dlsym(RTLD_NEXT, "fsync"))(fd); }
int fdatasync(int fd) { wait_for_disk(); return ((int (*)(int)) dlsym(RTLD_NEXT, "fdatasync"))(fd); }
ssize_t pwrite64(int fd, const void *from, size_t bytes, off64_t at) {
  if (no_room(fd, at + bytes)) return -1;
  return ((ssize_t (*)(int, const void *, size_t, off64_t)) dlsym(RTLD_NEXT, "pwrite64"))(fd, from, bytes, at);
}
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) {
  if (no_room(fd, at + sum(parts, count))) return -1;
  return ((ssize_t (*)(int, const struct iovec *, int, off64_t)) dlsym(RTLD_NEXT, "pwritev64"))(fd, parts, count, at);
}
ssize_t pwrite(int fd, const void *from, size_t bytes, off_t at) { return pwrite64(fd, from, bytes, at); }
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return pwritev64(fd, parts, count, at); }
`;

function builtIn(folder: string): string {
  const [source, library] = [path.join(folder, 'disk.c'), path.join(folder, 'disk.so')];
  writeFileSync(source, shim);
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'], { stdio: 'pipe' });
  } catch (cause) {
    throw new Error('a slow disk cannot be built here: install the Debian package gcc', { cause });
  }
  chmodSync(library, 0o755);
  return library;
}

/** Below a tmpfs of its own where the tests are root: then a full disk is the kernel's word. */
function mounted(folder: string): { fill(): void; free(): void; stop(): void } {
  mkdirSync(folder, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=711,size=160m', 'tmpfs', folder], { stdio: 'pipe' });
  const ballast = path.join(folder, 'ballast');
  const stop = (): void => {
    try {
      execFileSync('umount', ['-l', folder], { stdio: 'pipe' });
    } catch {
      // It is gone already.
    }
  };
  process.once('exit', stop);
  return {
    fill() {
      try {
        execFileSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=4k'], { stdio: 'pipe' });
      } catch {
        return; // full, as it shall be
      }
      throw new Error('the small disk is not full');
    },
    free: () => rmSync(ballast, { force: true }),
    stop,
  };
}

/** A server on such a disk; fsync is on. */
export async function startOnFaultyDisk(
  options: ServerOptions & { readonly name: string },
  undo: (() => void)[],
): Promise<FaultyDisk> {
  const disk = isRoot ? mounted(path.join(options.folder, options.name)) : null;
  if (disk !== null) undo.push(disk.stop);
  const server = await startPostgres({ ...options, settings: { ...options.settings, fsync: 'on' } });
  await server.stop();
  const control = ownedFolder(tempFolder('gdisk-'));
  chmodSync(control, 0o755);
  const say = (name: string, value: number): void =>
    value === 0
      ? rmSync(path.join(control, name), { force: true })
      : writeFileSync(path.join(control, name), String(value), { mode: 0o644 });
  const [file, args] = asUser(server.asOwner, path.join(server.bin, 'postgres'), ['-D', server.data]);
  const env = { LC_ALL: 'C', TZ: 'UTC', LD_PRELOAD: builtIn(control), FAULTY_DISK: control };
  const running = await startProcess({ name: server.name, file, args, cwd: server.data, env });
  await waitUntil(`${server.name} answers`, async () => (await server.sql('SELECT 1')).length === 1, {
    processes: [running],
  });
  return {
    server,
    fill: () => (disk === null ? say('full', 1) : disk.fill()),
    free: () => (disk === null ? say('full', 0) : disk.free()),
    slow: (ms) => say('slow', ms),
  };
}
