import type { Outcome } from '../../contract/errors.ts';
import type {
  FailoverPolicy,
  FailoverStrategy,
  FenceProof,
  NodeProbe,
  ProductPromotion,
} from '../../contract/failover.ts';
import type { PostgresServer, UnixUser } from '../postgres-target.ts';

/** One node of a service, every secret resolved and every folder absolute. */
export interface FailoverNode {
  readonly name: string;
  readonly region: string;
  readonly priority: number;
  /** False: never to be promoted. */
  readonly candidate: boolean;
  /** Where SQL is spoken; null: a generic service. */
  readonly server: PostgresServer | null;
  /** PGDATA where the node runs on this machine; null: elsewhere, or not PostgreSQL. */
  readonly data: string | null;
  /** Base address of Patroni's REST API, or the health address of a generic service. */
  readonly url: string | null;
  /** Configured programs and arguments. */
  readonly commands: NodeCommands;
  /** Signed calls in place of commands. */
  readonly webhook: { readonly url: string; readonly secret: string } | null;
}

/** Null: not configured. `confirmDown` prints `down` as its last line when the node is surely down: its word is what proves a fence. */
export interface NodeCommands {
  readonly stop: readonly string[] | null;
  readonly start: readonly string[] | null;
  readonly confirmDown: readonly string[] | null;
  readonly promote: readonly string[] | null;
  readonly demote: readonly string[] | null;
  readonly drain: readonly string[] | null;
  readonly admit: readonly string[] | null;
}

export interface FailoverCluster {
  readonly service: string;
  readonly nodes: readonly FailoverNode[];
  /** Folder of PostgreSQL's programs; null: looked for. */
  readonly bin: string | null;
  /** Null: as this process. */
  readonly runAs: UnixUser | null;
  /** Login of streaming standbys; null: the role that Genesis uses. */
  readonly replication: { readonly user: string; readonly password: string | null } | null;
  /** Basic pair for unsafe calls of Patroni's REST API; null: none. */
  readonly patroni: { readonly user: string; readonly password: string } | null;
  /** PEM of the authority of `url`; null: the system's. */
  readonly caFile: string | null;
  /** Of commands and calls. */
  readonly timeoutSeconds: number;
  /** Of one probe. */
  readonly probeTimeoutSeconds: number;
}

export interface FailoverContext {
  readonly signal: AbortSignal;
  /** Id of the operation it belongs to, for whoever is called. */
  readonly operation?: string;
  /** A line for the journal's step. */
  note(detail: string): void;
}

export interface Promotion {
  /** Null: the product does not say. */
  readonly timeline: number | null;
  readonly detail: string;
}

/**
 * A way to move the primary. Every action is idempotent: called again after a crash it looks at what is there first and does what is
 * missing. None trusts an exit code or a status alone: the state it promises has been looked at when it resolves.
 *
 * Errors of the actions: `failover_failed` (what was tried and seen), `fencing_unproven`, `exec_failed`, `exec_timeout`, `cancelled`.
 */
export interface FailoverEngine {
  readonly name: string;
  readonly strategies: readonly FailoverStrategy[];
  /** True: a product holds the lock, elects and fences; only `handOver` and `rejoin` move anything. */
  readonly managed: boolean;

  /** Never throws: a node that does not answer is a probe, not an error. */
  probe(cluster: FailoverCluster, node: FailoverNode, signal: AbortSignal): Promise<NodeProbe>;

  /** Whether the node surely cannot acknowledge a write, without doing anything; null: nobody can tell. */
  provenDown(cluster: FailoverCluster, node: FailoverNode, context: FailoverContext): Promise<FenceProof | null>;

  /** False: nothing that is configured for the node could ever prove that it is down. Absent: it always may. */
  fenceable?(node: FailoverNode): boolean;

  /** Stops the node for good and proves it. `fencing_unproven` when the proof is missing, whatever was done. */
  fence(cluster: FailoverCluster, node: FailoverNode, context: FailoverContext): Promise<Outcome<FenceProof>>;

  /** Planned: the node stops taking writes and hands all it has to the standbys; resolves to its last position in bytes. */
  demote(
    cluster: FailoverCluster,
    node: FailoverNode,
    context: FailoverContext,
  ): Promise<Outcome<{ readonly lastBytes: number | null }>>;

  /** Resolves when the node takes writes. */
  promote(cluster: FailoverCluster, node: FailoverNode, context: FailoverContext): Promise<Outcome<Promotion>>;

  /** Another standby follows the new primary from now on; resolves when it streams from it. */
  follow(
    cluster: FailoverCluster,
    node: FailoverNode,
    primary: FailoverNode,
    context: FailoverContext,
  ): Promise<Outcome<string>>;

  /** A node that was out comes back as a standby of the primary: rewound, or cloned anew where that cannot be done. */
  rejoin(
    cluster: FailoverCluster,
    node: FailoverNode,
    primary: FailoverNode,
    options: { readonly allowClone: boolean },
    context: FailoverContext,
  ): Promise<Outcome<string>>;

  /** Managed engines only: the product moves the primary. `from` null: there is none that answers. Others: `not_supported`. */
  handOver(
    cluster: FailoverCluster,
    request: { readonly planned: boolean; readonly from: FailoverNode | null; readonly candidate: FailoverNode },
    context: FailoverContext,
  ): Promise<Outcome<Promotion>>;

  /** Managed engines only: the product's own automation stops or goes on. Others: `not_supported`. */
  setPaused(cluster: FailoverCluster, paused: boolean, context: FailoverContext): Promise<Outcome<void>>;

  /**
   * What the product's version, settings and state put at risk, in words; empty: nothing known. `bound` null: no loss is allowed, and
   * every setting that may lose something is named.
   */
  warnings(
    cluster: FailoverCluster,
    signal: AbortSignal,
    bound?: Pick<FailoverPolicy, 'maxLossBytes' | 'maxLossSeconds'> | null,
  ): Promise<readonly string[]>;

  /** Managed engines: what the product itself has written down, newest first. Errors: `failover_failed`: nobody tells it. */
  promotions?(cluster: FailoverCluster, signal: AbortSignal): Promise<Outcome<readonly ProductPromotion[]>>;
}
