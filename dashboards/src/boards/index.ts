import type { Board, BoardContext } from '../board.ts';
import { backupStatus } from './backup-status.ts';
import { dataQuality } from './data-quality.ts';
import { drTests } from './dr-tests.ts';
import { exporter } from './exporter.ts';
import { overview } from './overview.ts';
import { performance } from './performance.ts';
import { recovery } from './recovery.ts';
import { regions } from './regions.ts';
import { replication } from './replication.ts';
import { scaling } from './scaling.ts';
import { systemHealth } from './system-health.ts';

/** Every board, from the fleet down to the machine. */
export function boards(context: BoardContext): readonly Board[] {
  return [
    overview,
    backupStatus(context),
    replication,
    recovery,
    drTests,
    systemHealth(context),
    performance(context),
    scaling(context),
    regions,
    dataQuality(context),
    exporter(context),
  ];
}
