import type pg from 'pg';
import type { TestServer } from './postgres.ts';
import { connect } from './postgres-machine.ts';
import { sleep } from './processes.ts';

export interface Canary {
  /** Rows that the server has acknowledged, oldest first: Unix milliseconds of the row's moment, and of the answer. */
  readonly acknowledged: readonly { readonly id: number; readonly at: number; readonly by: number }[];
  /** Ends writing; resolves when the last answer is in. */
  stop(): Promise<void>;
}

/**
 * Ids of the rows that a server brought back to this moment (Unix milliseconds) may hold: one list, or two where a row's commit, which
 * is what recovery goes by and lies between the statement and its answer, is on either side of it.
 */
export function idsAt({ acknowledged }: Canary, moment: number): readonly (readonly number[])[] {
  const idsOf = (rows: Canary['acknowledged']): number[] => rows.map(({ id }) => id);
  return [idsOf(acknowledged.filter(({ by }) => by <= moment)), idsOf(acknowledged.filter(({ at }) => at <= moment))];
}

/**
 * Inserts a row of `canary(id, at)` every 200 ms, `at` being the server's clock at the statement, until it is stopped. An answer that
 * does not come (server down) is no acknowledged row; writing goes on with a new connection.
 */
export async function startCanary(server: TestServer, options: { readonly everyMs?: number } = {}): Promise<Canary> {
  await server.sql('CREATE TABLE IF NOT EXISTS canary (id bigint PRIMARY KEY, at timestamptz NOT NULL)');
  const last = await server.sql<{ id: string }>('SELECT coalesce(max(id), 0)::text AS id FROM canary');
  const acknowledged: { id: number; at: number; by: number }[] = [];
  let next = Number(last[0]?.id ?? 0) + 1;
  let ended = false;
  let sessions: pg.Client[] = []; // none or one
  const writeOne = async (): Promise<void> => {
    const [session = await connect(server)] = sessions;
    sessions = [session];
    const id = next++;
    const written = await session.query<{ at: Date }>(
      'INSERT INTO canary VALUES ($1, clock_timestamp()) RETURNING at',
      [id],
    );
    const at = written.rows[0]?.at;
    if (at !== undefined) acknowledged.push({ id, at: +at, by: Date.now() });
  };
  const close = async (): Promise<void> => {
    for (const session of sessions) await session.end().catch(() => {});
    sessions = [];
  };
  const loop = (async () => {
    while (!ended) {
      await writeOne().catch(close); // the server is away: what it did not acknowledge does not count
      await sleep(options.everyMs ?? 200);
    }
    await close();
  })();
  return {
    acknowledged,
    stop: async () => {
      ended = true;
      await loop;
    },
  };
}
