import { failoverConformance } from '../src/engines/failover/conformance.ts';
import { createPatroniFailover } from '../src/engines/failover/patroni/engine.ts';
import { familyOf, signalAll } from './support/patroni-faults.ts';
import { patroniDeps, startPatroniCluster, stopPatroni } from './support/patroni.ts';
import { connect } from './support/postgres-machine.ts';
import { cleanUp, tempFolder } from './support/processes.ts';

failoverConformance('patroni', async () => {
  const cluster = await startPatroniCluster({ folder: tempFolder('gpat-'), nodes: ['n1', 'n2'], etcd: 1 });
  await cluster.node('n1').sql('CREATE TABLE conformance (at timestamptz)');
  await cluster.whole();
  return {
    engine: createPatroniFailover(patroniDeps),
    cluster: cluster.target({ timeoutSeconds: 30 }),
    primary: 'n1',
    standby: 'n2',
    async write(name) {
      try {
        const session = await connect(cluster.node(name));
        try {
          await session.query("SET statement_timeout = '3s'");
          return (await session.query('INSERT INTO conformance VALUES (now())')).rowCount === 1;
        } finally {
          await session.end();
        }
      } catch {
        return false;
      }
    },
    async freeze(name) {
      const node = cluster.node(name);
      const pids = [...familyOf(node.patroni.pid), ...familyOf(node.postmaster() ?? node.patroni.pid)];
      signalAll(pids, 'SIGSTOP');
      return () => signalAll(pids, 'SIGCONT');
    },
    async stop() {
      await stopPatroni();
      await cleanUp();
    },
  };
});
