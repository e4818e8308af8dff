import { Config } from '@genesis-dr/exporter/config';
import { buildBoard } from './build-board.ts';
import { boards } from './boards/index.ts';
import { limitsOf } from './limits.ts';

export { waitingPanels } from './waiting.ts';

/** `path` is relative to the output folder; for the committed files that is the root of the repository. */
export interface File {
  readonly path: string;
  readonly content: string;
}

/** Grafana dashboards (classic schema 42, Grafana 12; they load from 10 on), one file a board, the same for the same configuration. */
export function generate(config: Config): File[] {
  return boards({ job: config.rules.job, limits: limitsOf(config) }).map((board) => ({
    path: `dashboards/generated/${board.uid}.json`,
    content: `${JSON.stringify(buildBoard(board), null, 2)}\n`,
  }));
}

/** The committed files: what a default configuration with one service gives. */
export function generateCommitted(): File[] {
  return generate(Config.parse({ services: [{ name: 'demo-files' }] }));
}
