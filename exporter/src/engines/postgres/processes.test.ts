import { serversAmong, type ProcessFacts } from './processes.ts';

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
