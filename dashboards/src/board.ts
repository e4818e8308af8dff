import type { Limits } from './limits.ts';
import type { BoardUid, PluginPage } from './links.ts';
import type { Panel } from './panel.ts';
import type { ScopeLabel } from './query.ts';

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** A further variable of a board: fixed choices, or whatever a query finds. */
export type Variable = {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly current: string;
} & ({ readonly choices: readonly string[] } | { readonly query: string });

export interface Board {
  readonly uid: BoardUid;
  readonly title: string;
  /** The one question that the board answers. */
  readonly description: string;
  /** Default range up to now, e.g. `24h`. */
  readonly range: string;
  readonly refresh: '10s' | '30s' | '1m' | '5m';
  /** Which of cluster, region and service can be chosen. */
  readonly scope: readonly ScopeLabel[];
  readonly variables?: readonly Variable[];
  /** Where in the plugin one can act on what the board shows. */
  readonly page: PluginPage;
  readonly rows: readonly Row[];
}

/** What boards know of the configuration. */
export interface BoardContext {
  /** Prometheus job of the exporter: metrics of its process have no other name. */
  readonly job: string;
  readonly limits: Limits;
}
