import pg from 'pg';
import { sleep } from './processes.ts';

/** A client that stands outside of everything and writes through one address, as an application would. */
export interface Writer {
  /** What was acknowledged, oldest first: number of the row and when the answer came, Unix milliseconds. */
  readonly acknowledged: readonly { readonly id: number; readonly at: number }[];
  /** The longest time without an acknowledgement since that moment, milliseconds; what lasts counts up to now. */
  longestGapSince(at: number): number;
  stop(): Promise<void>;
}

export interface WriterOptions {
  readonly port: number;
  readonly user: string;
  readonly everyMs?: number;
}

/** Inserts unique rows into `written(id)`, one after the other; a lost connection is made anew at once. */
export async function startWriter({ port, user, everyMs = 20 }: WriterOptions): Promise<Writer> {
  const acknowledged: { id: number; at: number }[] = [];
  let next = 1;
  let ended = false;
  let client: pg.Client | null = null;
  const open = async (): Promise<pg.Client> => {
    const made = new pg.Client({
      host: '127.0.0.1',
      port,
      user,
      database: 'postgres',
      connectionTimeoutMillis: 1000,
      query_timeout: 2000,
    });
    made.on('error', () => {}); // seen at the next statement
    await made.connect();
    return made;
  };
  const close = async (): Promise<void> => {
    const old = client;
    client = null;
    await old?.end().catch(() => {});
  };
  const first = await open();
  await first.query('CREATE TABLE IF NOT EXISTS written (id bigint PRIMARY KEY)');
  const last = await first.query<{ id: string }>('SELECT coalesce(max(id), 0)::text AS id FROM written');
  next = Number(last.rows[0]?.id ?? 0) + 1;
  client = first;
  const loop = (async () => {
    while (!ended) {
      const id = next++;
      try {
        client ??= await open();
        await client.query('INSERT INTO written VALUES ($1)', [id]);
        acknowledged.push({ id, at: Date.now() });
      } catch {
        // Not acknowledged: it may be there or not. The next row goes over a new connection.
        void close();
      }
      await sleep(everyMs);
    }
    await close();
  })();
  return {
    acknowledged,
    longestGapSince: (at) => {
      const times = [at, ...acknowledged.map((row) => row.at).filter((time) => time >= at), Date.now()];
      return Math.max(...times.slice(1).map((time, n) => time - (times[n] ?? time)));
    },
    stop: async () => {
      ended = true;
      await loop;
    },
  };
}
