import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  killServers,
  markName,
  postmasterWhere,
  readProcesses,
  serversAmong,
  serversWhere,
  type ProcessFacts,
} from './processes.ts';

const data = '/drills/op/data';
const isOurs = (folder: string): boolean => folder.startsWith('/drills/');

function processOf(pid: number, parent: number, command: string, o: Partial<ProcessFacts> = {}): ProcessFacts {
  return { pid, parent, started: pid, command: command.split(' '), folder: null, mark: null, ...o };
}

const postmaster = processOf(10, 1, `/usr/lib/postgresql/15/bin/postgres -D ${data} -c cluster_name=genesis-drill`);

test('a throwaway server is found with all that descends from it, in any order', () => {
  const servers = serversAmong(
    [
      processOf(13, 12, 'sleep 600'),
      processOf(12, 11, 'sh -c sleep'),
      processOf(11, 10, 'postgres: genesis-drill: startup'),
      postmaster,
      processOf(20, 1, 'postgres: live: checkpointer'),
    ],
    isOurs,
  );

  expect(servers).toMatchObject([{ data, postmasters: [10] }]);
  expect(servers[0]?.all.map((p) => p.pid).sort()).toEqual([10, 11, 12, 13]);
});

test('it is found while its launcher has not yet given way', () => {
  const launcher = processOf(
    10,
    1,
    `unshare --net -- nice -n 10 /usr/bin/postgres -D ${data} -c cluster_name=genesis-drill`,
  );

  expect(serversAmong([launcher], isOurs)).toMatchObject([{ postmasters: [10] }]);
});

test('orphans of a dead postmaster are known by their title and folder, programs by their mark', () => {
  const servers = serversAmong(
    [
      processOf(11, 1, 'postgres: genesis-drill: postgres shop [local] SELECT', { folder: data }),
      processOf(12, 1, 'cp a b', { mark: data }),
    ],
    isOurs,
  );

  expect(servers).toMatchObject([{ data, postmasters: [] }]);
  expect(servers[0]?.all).toHaveLength(2);
});

test('any other server in the folder, a shell that stands in it and other programs are nobody’s business of ours', () => {
  const strangers = [
    processOf(10, 1, `postgres -D ${data}`, { folder: data }),
    processOf(11, 10, 'postgres: checkpointer', { folder: data }),
    processOf(12, 1, '-bash', { folder: data }),
    processOf(13, 1, `pgbackrest restore --pg1-path=${data}`),
    processOf(14, 1, 'postgres -D /elsewhere/data -c cluster_name=genesis-drill'),
  ];

  expect(serversAmong(strangers, isOurs)).toEqual([]);
});

describe('processes of this machine', () => {
  let folder: string;
  const started: ChildProcess[] = [];

  /** A shell that calls itself `postgres` and has the arguments of a throwaway server; `script` is what it does. */
  async function pretend(data: string, script: string): Promise<ChildProcess> {
    const args = ['-c', script, 'postgres', '-D', data, '-c', 'cluster_name=genesis-drill'];
    const child = spawn('/bin/sh', args, {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, [markName]: data },
    });
    started.push(child);
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    return child;
  }

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'genesis-processes-'));
  });
  afterAll(() => {
    for (const child of started) child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  test('are told with their marks, and without threads of the kernel', async () => {
    const at = join(folder, 'read');
    const child = await pretend(at, 'echo up; exec 1>&-; sleep 60 & wait');
    const all = await readProcesses();
    const mine = all.filter(({ mark }) => mark === at);

    expect(mine).toHaveLength(2);
    expect(mine.find(({ pid }) => pid === child.pid)).toMatchObject({ parent: process.pid, folder: process.cwd() });
    expect(all.find(({ pid }) => pid === process.pid)?.mark).toBeNull();
    expect(all.filter(({ pid, command }) => pid === 2 && command.length === 0)).toEqual([]);
  });

  test('what is older than a server is not looked at; its children are', async () => {
    const at = join(folder, 'younger');
    // The kernel tells the start in ticks of 10 ms.
    const child = await pretend(at, 'sleep 0.1; sleep 60 & echo up; exec 1>&-; wait');
    const postmaster = await postmasterWhere(child.pid ?? 0, (data) => data === at);
    const since = postmaster?.started ?? 0;
    const younger = await readProcesses(since);

    expect(younger.filter(({ mark }) => mark === at)).toHaveLength(2);
    expect(younger.filter(({ pid, started }) => pid === 1 || started < since)).toEqual([]);
    expect(await serversWhere((data) => data === at, since + 1)).toMatchObject([{ postmasters: [] }]);
  });

  test('one that obeys takes its children along', async () => {
    const at = join(folder, 'obeys');
    const child = await pretend(at, 'trap "kill \\$!; exit" QUIT; sleep 60 & echo up; wait');

    expect(await postmasterWhere(child.pid ?? 0, (data) => data === at)).toMatchObject({ pid: child.pid });
    expect(
      await killServers(
        (data) => data === at,
        (ms) => wait(ms),
      ),
    ).toEqual({ left: [], servers: 1 });
    expect(child.signalCode).toBeNull();
    expect(await serversWhere((data) => data === at)).toEqual([]);
  });

  test('what a dead postmaster left is ended by force, and what was started meanwhile too', async () => {
    const at = join(folder, 'left');
    // Answers the signal by starting another program and leaving.
    await pretend(at, 'trap "sleep 61 & exit" QUIT; (trap "" QUIT; sleep 60) & echo up; wait');

    expect(
      await killServers(
        (data) => data === at,
        (ms) => wait(ms),
      ),
    ).toEqual({ left: [], servers: 1 });
    expect((await readProcesses()).filter(({ mark }) => mark === at)).toEqual([]);
  });

  test('nothing is signalled where there is none', async () => {
    expect(
      await killServers(
        (data) => data === join(folder, 'none'),
        () => Promise.reject(new Error('waited')),
      ),
    ).toEqual({
      left: [],
      servers: 0,
    });
    expect(await postmasterWhere(process.pid, () => true)).toBeNull();
  });
});
