import type { AppMeta } from './boot.ts';
// Filled in by scripts/console.ts, which knows the names that the build gave to its files.
import { facts } from 'genesis:build-facts';

export interface BuildFacts {
  /** plugin.json as built. */
  readonly meta: AppMeta;
  /** Of the app's module.js. */
  readonly moduleUrl: string;
  /** Folder of fonts (and, by name only, of icons), ends with a slash. */
  readonly publicPath: string;
  /** Icons by path below `publicPath`. */
  readonly iconsUrl: string;
  /** Of the @grafana packages. */
  readonly grafanaVersion: string;
}

export const buildFacts: BuildFacts = facts;
