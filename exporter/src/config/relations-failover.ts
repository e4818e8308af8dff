import type { Found } from './relations.ts';
import type { FailoverConfig, FailoverNodeConfig } from './schema-failover.ts';
import type { ServiceConfig } from './schema.ts';

// What a failover needs before anybody relies on it.

type At = readonly (string | number)[];

export function* checkFailover(service: ServiceConfig, index: number): Generator<Found> {
  const { failover } = service;
  if (failover === null) return;
  const at: At = ['services', index, 'failover'];
  yield* checkNames(failover, at);
  yield* checkStrategy(failover, at);
  yield* checkTimes(failover, at);
  yield* checkFences(failover, at);
  if (failover.engine === 'service') yield* checkGeneric(failover, at);
  else yield* checkDatabase(service, failover, at);
}

function* checkNames({ nodes }: FailoverConfig, at: At): Generator<Found> {
  const seen = new Set<string>();
  for (const [n, node] of nodes.entries()) {
    if (seen.has(node.name))
      yield {
        severity: 'fault',
        path: [...at, 'nodes', n, 'name'],
        value: node.name,
        message: 'is the name of another node, too',
        mend: 'give each node its own name',
      };
    seen.add(node.name);
  }
  if (nodes.length < 2)
    yield {
      severity: 'fault',
      path: [...at, 'nodes'],
      message: 'holds one node: nobody could take over',
      mend: 'name the primary and at least one more',
    };
}

const databases = ['active_passive'];

function* checkStrategy(failover: FailoverConfig, at: At): Generator<Found> {
  const { engine, strategy } = failover;
  if (engine !== 'service' && !databases.includes(strategy))
    yield {
      severity: 'fault',
      path: [...at, 'strategy'],
      value: strategy,
      message: `the engine ${engine} has one writer at a time`,
      mend: 'use active_passive, or the engine service',
    };
  if (strategy === 'multi_master' && failover.conflict_policy === null)
    yield {
      severity: 'fault',
      path: [...at, 'conflict_policy'],
      message: 'is missing: with several writers somebody has to say how contradicting writes are settled',
      mend: 'say it in a sentence, e.g. "last write wins by the clock of the database"',
    };
  if (strategy !== 'active_passive' && failover.min_serving >= failover.nodes.length)
    yield {
      severity: 'fault',
      path: [...at, 'min_serving'],
      value: failover.min_serving,
      message: 'no node could ever be taken out',
      mend: `set less than ${failover.nodes.length}`,
    };
}

function* checkTimes({ interval, timeout, thresholds, max_loss: loss }: FailoverConfig, at: At): Generator<Found> {
  const detection = thresholds.consecutive_failures * interval + timeout;
  if (loss.time < detection)
    yield {
      severity: 'warning',
      path: [...at, 'max_loss', 'time'],
      value: loss.time,
      message: `a silent primary counts as lost after ${detection} s, and what it wrote meanwhile counts: without a synchronous standby every such failover is held`,
      mend: `set ${detection}s or more, or a shorter interval`,
    };
  if (thresholds.window < interval * 2)
    yield {
      severity: 'warning',
      path: [...at, 'thresholds', 'window'],
      value: thresholds.window,
      message: 'holds a single probe: its shares are all or nothing',
      mend: `set ${interval * 6}s or more`,
    };
}

/** What cannot be proven to be down is never replaced without a person: better to hear of it now. */
function* checkFences({ engine, strategy, nodes }: FailoverConfig, at: At): Generator<Found> {
  if (engine === 'patroni' || strategy !== 'active_passive') return;
  for (const [n, node] of nodes.entries()) {
    const { stop, confirm_down: confirm } = node.commands;
    if (node.data !== null || node.webhook !== null || (stop !== null && confirm !== null)) continue;
    yield {
      severity: 'warning',
      path: [...at, 'nodes', n],
      message: `${node.name} cannot be fenced: as a lost primary it holds every failover until a person goes on`,
      mend: 'set data where it runs on this machine, or commands.stop and commands.confirm_down, or webhook',
    };
  }
}

const isMoved = ({ commands, webhook }: FailoverNodeConfig): boolean => commands.promote !== null || webhook !== null;

function* checkGeneric({ nodes, strategy }: FailoverConfig, at: At): Generator<Found> {
  for (const [n, node] of nodes.entries()) {
    if (node.url === null)
      yield {
        severity: 'fault',
        path: [...at, 'nodes', n, 'url'],
        message: 'is missing: nobody could tell whether the node is well',
        mend: 'name the address of its health check',
      };
    if (strategy === 'active_passive' && node.candidate && !isMoved(node))
      yield {
        severity: 'fault',
        path: [...at, 'nodes', n, 'commands', 'promote'],
        message: 'is missing: nothing makes the node the primary',
        mend: 'name a command or a webhook, or set candidate: false',
      };
  }
}

function* checkDatabase({ postgres }: ServiceConfig, failover: FailoverConfig, at: At): Generator<Found> {
  const { engine, nodes } = failover;
  if (postgres === null) {
    yield {
      severity: 'fault',
      path: [...at, 'engine'],
      value: engine,
      message: 'needs the section postgres: its role looks at every node',
      mend: 'add postgres, with the primary of today',
    };
    return;
  }
  for (const [n, node] of nodes.entries()) {
    if (engine === 'postgres' && node.host === null)
      yield {
        severity: 'fault',
        path: [...at, 'nodes', n, 'host'],
        message: 'is missing: the node is asked by SQL',
        mend: 'name its host, address or socket folder',
      };
    if (engine === 'patroni' && node.url === null)
      yield {
        severity: 'fault',
        path: [...at, 'nodes', n, 'url'],
        message: 'is missing: Patroni is asked by its REST API',
        mend: 'e.g. url: http://db1:8008',
      };
  }
  const named = nodes.some(({ host, port }) => host === postgres.host && port === postgres.port);
  if (engine === 'postgres' && !named)
    yield {
      severity: 'warning',
      path: [...at, 'nodes'],
      message: `none of them is the server of the section postgres (${postgres.host}:${postgres.port}): backups go on there after a failover`,
      mend: 'write host and port of that node the same way in both places',
    };
}
