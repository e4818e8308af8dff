import pg from 'pg';
import { parseHistory } from '../../src/engines/failover/postgres/history.ts';
import type { Pair } from './failover-pair.ts';
import type { TestServer } from './postgres.ts';
import { sleep } from './processes.ts';

/** What is looked at while a fault lasts and at its end, whatever the fault. */

export type Mode = 'synchronous' | 'asynchronous';

export interface Watched {
  /** More than one node that takes writes stood in the load balancer. */
  readonly reachableTwiceSeconds: number;
  /** More than one node took writes, wherever. */
  readonly twoWritersSeconds: number;
  /** From the first such moment until Genesis's own count said so; null: there was none, or it was over sooner than it has to be seen. */
  readonly detectedSeconds: number | null;
}

export interface Watch {
  /** Where a node had written to when it was last seen to write; null: never. */
  writtenBytes(node: string): number | null;
  stop(): Promise<Watched>;
}

const everyMs = 100;
/** Genesis lets nobody ask too often. */
const askEveryMs = 500;

const detectWithinSeconds = 15;
const unseen = (lastedMs: number): number | null => (lastedMs > detectWithinSeconds * 1000 ? Infinity : null);

/** Looks from outside, by sockets that no fault touches. */
export function startWatch(pair: Pair, servers: readonly TestServer[]): Watch {
  const written = new Map<string, number>();
  let [reachableMs, twoMs, ended] = [0, 0, false];
  let firstAt: number | null = null;
  let detectedAt: number | null = null;
  let askedAt = -Infinity;
  const loop = (async () => {
    let last = Date.now();
    while (!ended) {
      const [positions, admitted] = await Promise.all([
        Promise.all(servers.map((server) => positionOf(server))),
        admittedBy(pair),
      ]);
      const now = Date.now();
      const writers = servers.filter((_, at) => typeof positions[at] === 'number').map(({ name }) => name);
      for (const [at, server] of servers.entries()) {
        const bytes = positions[at];
        if (typeof bytes === 'number') written.set(server.name, bytes);
      }
      if (writers.length > 1) {
        firstAt ??= last;
        twoMs += now - last;
        if (writers.filter((name) => admitted.includes(name)).length > 1) reachableMs += now - last;
      }
      if (firstAt !== null && detectedAt === null && now >= askedAt + askEveryMs) {
        askedAt = now;
        if ((await pair.facts()).writable.length > 1) detectedAt = Date.now();
      }
      last = now;
      await sleep(everyMs);
    }
  })();
  const stopped = async (): Promise<Watched> => {
    ended = true;
    await loop;
    return {
      reachableTwiceSeconds: reachableMs / 1000,
      twoWritersSeconds: twoMs / 1000,
      detectedSeconds: firstAt === null ? null : detectedAt === null ? unseen(twoMs) : (detectedAt - firstAt) / 1000,
    };
  };
  let stop: Promise<Watched> | undefined;
  return { writtenBytes: (node) => written.get(node) ?? null, stop: () => (stop ??= stopped()) };
}

/** Null: it takes no writes, or does not say. Never throws. */
async function positionOf({ socketFolder, port, user }: TestServer): Promise<number | null> {
  const limits = { connectionTimeoutMillis: 400, query_timeout: 400 };
  const client = new pg.Client({ host: socketFolder, port, user, database: 'postgres', ...limits });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ bytes: number | null }>(
      `SELECT CASE WHEN NOT pg_is_in_recovery() THEN (pg_current_wal_flush_lsn() - '0/0')::float8 END AS bytes`,
    );
    return rows[0]?.bytes ?? null;
  } catch {
    return null;
  } finally {
    const { connection } = client as unknown as { connection?: { stream?: { destroy(): void } } };
    connection?.stream?.destroy();
  }
}

/** Servers that HAProxy sends clients to. */
async function admittedBy(pair: Pair): Promise<readonly string[]> {
  const text = await pair.proxy.command('show stat').catch(() => '');
  const lines = text.split('\n').map((line) => line.split(','));
  const status = lines[0]?.indexOf('status') ?? -1;
  return lines.filter((of) => of[0] === 'writer' && /^(UP|no check)/.test(of[status] ?? '')).map((of) => of[1] ?? '');
}

export interface Finding extends Watched {
  readonly fault: string;
  readonly mode: Mode;
  readonly answer: string;
  /** Longest time without an acknowledgement. */
  readonly gapSeconds: number;
  readonly acknowledged: number;
  readonly lost: number;
  readonly predictedBytes: number | null;
  /** What the old primary had written and the new one does not come from; null: nobody was promoted. */
  readonly measuredBytes: number | null;
}

/** The end check. `serves`: the node whose rows count. */
export async function conclude(
  { pair, watch }: { readonly pair: Pair; readonly watch: Watch },
  seen: Pick<Finding, 'fault' | 'mode' | 'answer'> & { readonly at: number; readonly serves: string },
): Promise<Finding> {
  const { fault, mode, answer, at, serves } = seen;
  const gapSeconds = pair.writer.longestGapSince(at) / 1000;
  const lost = await pair.lost(pair.named(serves));
  const { history } = await pair.facts();
  const move = history.find(
    ({ kind, succeeded, endedAt }) => kind === 'failover' && succeeded && Date.parse(endedAt) > at,
  );
  const watched = await watch.stop();
  return {
    fault,
    mode,
    answer,
    gapSeconds: Math.round(gapSeconds * 10) / 10,
    acknowledged: pair.writer.acknowledged.length,
    lost: lost.length,
    predictedBytes: move?.loss.predictedBytes ?? null,
    measuredBytes:
      move?.to === undefined || move.to === null ? null : await diverged(pair, watch, move.from ?? '', move.to),
    ...watched,
  };
}

/** From the newest fork in the new primary's past to the last byte that the old one was seen to write. */
async function diverged(pair: Pair, watch: Watch, from: string, to: string): Promise<number | null> {
  const written = watch.writtenBytes(from);
  const [row] = await pair
    .named(to)
    .sql<{ text: string }>(
      `SELECT pg_read_file('pg_wal/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) || '.history') AS text`,
    );
  const fork = parseHistory(row?.text ?? '').at(-1);
  return written === null || fork === undefined ? null : Math.max(0, written - fork.atBytes);
}

export const boundBytes = 16 * 2 ** 20;

/** Below it a prediction is mostly what may have been written since the last look. */
const tellingBytes = 16 * 1024;

function isFarFrom(predicted: number | null, measured: number | null): boolean {
  if (measured === null || measured < tellingBytes) return false;
  return predicted === null || predicted > 2 * measured || predicted < measured / 2;
}

/** What no fault may come to; empty: sound. */
export function faultsOf(found: Finding): readonly string[] {
  const { mode, lost, predictedBytes, measuredBytes, reachableTwiceSeconds, detectedSeconds } = found;
  return [
    ...(mode === 'synchronous' && lost > 0 ? [`${lost} acknowledged rows are lost in synchronous mode`] : []),
    ...(measuredBytes === null && lost > 0 ? [`${lost} acknowledged rows are lost and nobody was promoted`] : []),
    ...(isFarFrom(predictedBytes, measuredBytes)
      ? [`${predictedBytes} bytes were predicted, ${measuredBytes} are lost`]
      : []),
    ...((measuredBytes ?? 0) > boundBytes ? [`${measuredBytes} bytes are lost, more than the bound`] : []),
    ...(reachableTwiceSeconds > 0 ? [`two writers were reachable for ${reachableTwiceSeconds} s`] : []),
    ...((detectedSeconds ?? 0) > detectWithinSeconds ? [`two writers were counted after ${detectedSeconds} s`] : []),
  ];
}

export function table(findings: readonly Finding[]): string {
  const line = (f: Finding): string => {
    const times = [f.gapSeconds, f.twoWritersSeconds, f.reachableTwiceSeconds, f.detectedSeconds ?? '-'].join(' | ');
    return `| ${f.fault} | ${f.mode} | ${f.answer} | ${times} | ${f.lost} of ${f.acknowledged} | ${f.predictedBytes ?? '-'} / ${f.measuredBytes ?? '-'} |`;
  };
  return [...findings.map(line), ''].join('\n');
}
