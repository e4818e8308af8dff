import { z } from 'zod';
import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { ProductPromotion } from '../../../contract/failover.ts';
import type { HttpFetch } from '../../../ports/index.ts';
import type { FailoverCluster } from '../port.ts';
import { createAsk } from './rest.ts';

const Line = z
  .tuple([z.number(), z.number(), z.string()])
  .rest(z.unknown())
  .transform(([ended, atBytes, reason, at, leader]) => ({
    ended,
    atBytes,
    reason,
    at: typeof at === 'string' && !Number.isNaN(Date.parse(at)) ? new Date(at).toISOString() : null,
    to: typeof leader === 'string' ? leader : null,
  }));

/** GET /history, newest first; null: it is no history. The leader of before is known where the line before names one. */
export function parseHistory(json: unknown): readonly ProductPromotion[] | null {
  const lines = z.array(Line).safeParse(json).data;
  if (lines === undefined) return null;
  return lines
    .map(({ ended, ...line }, n) => ({
      // A line names the timeline that ended; the next one begins where it is the one that ended.
      timeline: lines[n + 1]?.ended ?? ended + 1,
      ...line,
      from: lines[n - 1]?.to ?? null,
    }))
    .reverse();
}

/** What any Patroni of the cluster has written down. Errors: `failover_failed`: none tells it. */
export async function readHistory(
  fetch: HttpFetch,
  cluster: FailoverCluster,
  signal: AbortSignal,
): Promise<Outcome<readonly ProductPromotion[]>> {
  const ask = createAsk(fetch, null);
  const timeoutMs = cluster.probeTimeoutSeconds * 1000;
  for (const node of cluster.nodes) {
    const answer = await ask(node, '/history', { timeoutMs, signal });
    const history = answer.ok && answer.value.status === 200 ? parseHistory(answer.value.json) : null;
    if (history !== null) return ok(history);
  }
  return fail('failover_failed', `no Patroni of ${cluster.service} tells its history`, { retryable: true });
}
