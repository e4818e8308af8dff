import type { Haproxy } from './support/haproxy.ts';
import {
  familyOf,
  runFault,
  signalAll,
  startPrimaryProxy,
  type Fault,
  type FaultResult,
} from './support/patroni-faults.ts';
import { startPatroniCluster, stopPatroni, type PatroniCluster } from './support/patroni.ts';
import { cleanUp, sleep, tempFolder } from './support/processes.ts';

// What Patroni and etcd themselves do under faults of the primary and of the store, with a client behind HAProxy whose acknowledged rows
// are counted afterwards: the ground on which the engine stands. ttl 20, loop_wait 2, retry_timeout 3.

const results: FaultResult[] = [];
let cluster: PatroniCluster;
let proxy: Haproxy;

function nothing(): void {}

const onPrimary: readonly Fault[] = [
  {
    name: 'kill -9 of the postmaster',
    seconds: 5,
    inject: async (primary) => {
      primary.killPostmaster();
      return nothing;
    },
  },
  {
    name: 'kill -9 of Patroni, PostgreSQL goes on',
    seconds: 30,
    inject: async (primary) => {
      await primary.kill();
      return nothing;
    },
  },
  {
    name: 'kill -9 of both, as when the host is gone',
    seconds: 30,
    inject: async (primary) => {
      const servers = familyOf(primary.postmaster() ?? 0);
      await primary.kill();
      signalAll(servers, 'SIGKILL');
      return nothing;
    },
  },
  {
    name: 'SIGSTOP of Patroni, PostgreSQL goes on',
    seconds: 30,
    inject: async (primary) => {
      primary.freeze();
      return () => primary.thaw();
    },
  },
  {
    name: 'SIGSTOP of PostgreSQL, Patroni goes on',
    seconds: 30,
    inject: async (primary) => {
      const servers = familyOf(primary.postmaster() ?? 0);
      signalAll(servers, 'SIGSTOP');
      return () => signalAll(servers, 'SIGCONT');
    },
  },
];

const onStore: readonly Fault[] = [
  {
    name: '1 of 3 etcd down',
    seconds: 20,
    inject: async () => {
      await cluster.etcd[0]?.kill();
      return () => cluster.etcd[0]?.start();
    },
  },
  {
    name: '2 of 3 etcd down',
    seconds: 20,
    inject: async () => {
      const two = cluster.etcd.slice(0, 2);
      await Promise.all(two.map((member) => member.kill()));
      return async () => {
        await Promise.all(two.map((member) => member.start()));
      };
    },
  },
  {
    name: 'all etcd frozen',
    seconds: 20,
    inject: async () => {
      for (const member of cluster.etcd) member.freeze();
      return () => cluster.etcd.forEach((member) => member.thaw());
    },
  },
  {
    name: 'the primary alone is cut off from etcd',
    seconds: 30,
    inject: async (primary) => {
      for (const link of primary.store) link.cut();
      return () => primary.store.forEach((link) => link.mend());
    },
  },
  {
    name: 'the primary alone hears nothing more from etcd, and is not told',
    seconds: 30,
    inject: async (primary) => {
      for (const link of primary.store) link.freeze();
      return () => primary.store.forEach((link) => link.mend());
    },
  },
  {
    name: 'etcd slow (half of the time frozen)',
    seconds: 1,
    inject: async () => {
      const until = performance.now() + 20_000;
      while (performance.now() < until) {
        for (const member of cluster.etcd) member.freeze();
        await sleep(500);
        for (const member of cluster.etcd) member.thaw();
        await sleep(500);
      }
      return nothing;
    },
  },
];

async function open(settings: Readonly<Record<string, unknown>>): Promise<void> {
  const folder = tempFolder('gpat-');
  // The older client of Patroni 3.0.2: with etcd3 an old leader steals its key back (see patroni-frozen.long.ts).
  cluster = await startPatroniCluster({ folder, nodes: ['n1', 'n2', 'n3'], client: 'etcd', settings, links: true });
  proxy = await startPrimaryProxy(cluster, folder);
}

async function close(): Promise<void> {
  await proxy.stop();
  await stopPatroni();
}

afterAll(async () => {
  await stopPatroni();
  await cleanUp();
  process.stdout.write(`${results.map((one) => JSON.stringify(one)).join('\n')}\n`);
}, 60_000);

function list(mode: string, settings: Readonly<Record<string, unknown>>, faults: readonly Fault[], check: Check): void {
  describe(`${mode} replication`, () => {
    beforeAll(() => open(settings), 180_000);
    afterAll(close, 120_000);

    it.each(faults.map((fault) => [fault.name, fault] as const))(
      '%s',
      async (_, fault) => {
        const result = await runFault(cluster, proxy, { ...fault, name: `${mode}: ${fault.name}` });
        results.push(result);
        check(result);
        // Where Patroni stands still or is gone, nothing stops its PostgreSQL; everywhere else there is one writer or none.
        if (!fault.name.endsWith('PostgreSQL goes on')) expect(result.twoWritersSeconds).toBe(0);
      },
      400_000,
    );
  });
}

type Check = (result: FaultResult) => void;

list('synchronous', { synchronous_mode: true }, [...onPrimary, ...onStore], (result) => {
  expect(result.acknowledged).toBeGreaterThan(50);
  expect(result.lost).toBe(0);
});

list('asynchronous', {}, onPrimary, (result) => {
  expect(result.acknowledged).toBeGreaterThan(50);
  // What was written in the last moments before the fault; HAProxy goes on to the old primary until its check fails.
  expect(result.lost).toBeLessThan(200);
});

list('asynchronous, failsafe mode', { failsafe_mode: true }, onStore, (result) => {
  expect(result.lost).toBe(0);
});
