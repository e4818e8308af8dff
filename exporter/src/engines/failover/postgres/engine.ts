import { fail, type Outcome } from '../../../contract/errors.ts';
import type { FailoverCluster, FailoverContext, FailoverEngine } from '../port.ts';
import { demote } from './demote.ts';
import { fence, provenDown } from './fence.ts';
import { follow } from './follow.ts';
import { probeNode } from './probe.ts';
import { promote } from './promote.ts';
import { rejoin } from './rejoin.ts';
import { readWarnings } from './warnings.ts';
import type { PostgresFailoverDeps, Work } from './work.ts';

/**
 * PostgreSQL 13 and later with streaming standbys, moved by Genesis itself. Nodes whose data folder stands on this machine are stopped,
 * proven and brought back here; others by their commands.
 */
export function createPostgresFailover(deps: PostgresFailoverDeps): FailoverEngine {
  const work = (cluster: FailoverCluster, context: FailoverContext): Work => ({ deps, cluster, context });
  const managedOnly = (what: string): Promise<Outcome<never>> =>
    Promise.resolve(
      fail('not_supported', `${what} is for clusters that a product manages; here Genesis does it itself`),
    );
  return {
    name: 'postgres',
    strategies: ['active_passive'],
    managed: false,
    fenceable: ({ data, commands }) => data !== null || commands.confirmDown !== null,
    probe: (cluster, node, signal) => probeNode(deps, cluster, node, signal),
    provenDown: (cluster, node, context) => provenDown(work(cluster, context), node),
    fence: (cluster, node, context) => fence(work(cluster, context), node),
    demote: (cluster, node, context) => demote(work(cluster, context), node),
    promote: (cluster, node, context) => promote(work(cluster, context), node),
    follow: (cluster, node, primary, context) => follow(work(cluster, context), node, primary),
    rejoin: (cluster, node, primary, options, context) => rejoin(work(cluster, context), node, primary, options),
    handOver: () => managedOnly('handing over'),
    setPaused: () => managedOnly('pausing the automation of the product'),
    warnings: (cluster, signal) => readWarnings(work(cluster, { signal, note: () => undefined })),
  };
}
