import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { startGenesis, type Genesis } from '../../../exporter/e2e/support/genesis.ts';
import {
  asUser,
  startCanary,
  startPostgres,
  startStandby,
  stopServers,
  type Canary,
  type TestServer,
} from '../../../exporter/e2e/support/postgres.ts';
import { tempFolder } from '../../../exporter/e2e/support/processes.ts';
import { archiveCommand } from '../../../exporter/src/engines/backup/pgbackrest/conf.ts';

/** An exporter with one service `shop-db` on a real primary with a streaming standby; somebody writes a row every 200 ms. */
export interface PostgresShop {
  readonly genesis: Genesis;
  readonly primary: TestServer;
  readonly standby: TestServer;
  readonly canary: Canary;
  /** Moment of the newest row in a restored cluster that does not run, Unix milliseconds. */
  newestRow(data: string): number;
  stop(): Promise<void>;
}

export const databaseService = 'shop-db';

export async function startPostgresShop(): Promise<PostgresShop> {
  const folder = tempFolder('genesis-shop-db-');
  const home = path.join(folder, 'home');
  const primary = await startPostgres({
    folder,
    archiveCommand: archiveCommand(path.join(home, 'engines', databaseService), databaseService, 'pgbackrest'),
    settings: { archive_timeout: '2' },
  });
  const standby = await startStandby(primary, { name: 'standby-1', slot: 'standby_1' });
  const canary = await startCanary(primary);
  const { host, port, user } = primary.target();
  const genesis = await startGenesis({
    home,
    config: {
      collectors: { dr_interval: '2s', wal_interval: '2s' },
      services: [
        {
          name: databaseService,
          backup: { engine: 'pgbackrest', schedules: { full: null, incremental: null } },
          drills: { schedule: null },
          postgres: {
            host,
            port,
            user,
            data: primary.data,
            heartbeat: { interval: '1s' },
            standbys: [{ name: 'standby-1', host: standby.socketFolder, port: standby.port }],
            drill: { level: 4 },
          },
        },
      ],
    },
  });
  return {
    genesis,
    primary,
    standby,
    canary,
    newestRow: (data) => newestRow(primary, data),
    stop: async () => {
      await canary.stop();
      await genesis.stop();
      await stopServers();
    },
  };
}

/** Single-user mode: no port, and nothing to wait for. */
function newestRow({ asOwner, bin }: TestServer, data: string): number {
  const [file, args] = asUser(asOwner, path.join(bin, 'postgres'), [
    '--single',
    '-D',
    data,
    '-c',
    'archive_mode=off',
    'postgres',
  ]);
  const input = 'SELECT (extract(epoch FROM max(at)) * 1000)::bigint FROM canary\n';
  const text = execFileSync(file, args, { input, encoding: 'utf8', cwd: '/', stdio: ['pipe', 'pipe', 'pipe'] });
  return Number(/= "(\d+)"/.exec(text)?.[1]);
}
