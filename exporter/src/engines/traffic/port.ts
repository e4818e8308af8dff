import type { Outcome } from '../../contract/errors.ts';

export type ServerState = 'up' | 'down' | 'maint' | 'drain' | 'unknown';

export interface BalancerServer {
  readonly backend: string;
  readonly name: string;
  readonly state: ServerState;
  readonly sessions: number | null;
  readonly weight: number | null;
  /** `host:port`. */
  readonly address: string | null;
  /**
   * How far its newest check came: `speaks`: the server said something itself; `connects`: a connection was tried, which the kernel accepts
   * for a frozen process, too; `none`: nobody looks; null: no check has ended, or it is not known.
   */
  readonly check: 'speaks' | 'connects' | 'none' | null;
}

/**
 * A load balancer whose servers are taken out and in while it runs. Each change is looked at before it counts as done. Errors:
 * `balancer_failed` (it cannot be reached, or says no: its own words), `cancelled`.
 */
export interface Balancer {
  servers(signal: AbortSignal): Promise<Outcome<readonly BalancerServer[]>>;
  /** No new and no old connection reaches it: maintenance, then its sessions are ended and seen to be gone. */
  cutOff(server: string, signal: AbortSignal): Promise<Outcome<{ readonly ended: number }>>;
  /** No new connection; old ones go on. */
  drain(server: string, signal: AbortSignal): Promise<Outcome<void>>;
  admit(server: string, signal: AbortSignal): Promise<Outcome<void>>;
}
