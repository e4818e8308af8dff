import type { ProbeResult } from '../../contract/health.ts';
import { inMilliseconds, oneLine } from './words.ts';
import type { CheckTarget, ProbeContext, ProbeDeps, ProbeLimits, Seen, StartedProbe } from './port.ts';
import { prepareProbe, probeOnce } from './registry.ts';

type ProbeOnce = (target: CheckTarget, context: ProbeContext) => Promise<Seen>;

/** Probes once within the timeout and judges how long the answer took. A signal that aborts ends it early, with no meaning in its result. */
export function startProbe(
  target: CheckTarget,
  limits: ProbeLimits,
  deps: ProbeDeps,
  signal: AbortSignal,
  probe: ProbeOnce = probeOnce,
): StartedProbe {
  const ending = new AbortController();
  // Not AbortSignal.any: the signal lives as long as the program, and each probe would hang on it.
  const stop = (): void => ending.abort();
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });

  const prepared = prepareProbe(target.kind).catch(() => undefined); // the probe meets the same fault and tells it
  const started = prepared.then(() => {
    const startMs = deps.nowMs();
    const looked = guarded(probe, target, { signal: ending.signal, timeoutMs: limits.timeoutMs });
    const judged = looked.then((seen) => judge(seen, deps.nowMs() - startMs, limits.slowMs));
    const late = deps.clock.sleep(limits.timeoutMs, ending.signal).then(() => tooLate(limits.timeoutMs));
    return { looked, first: Promise.race([judged, late]) };
  });
  const result = started
    .then(({ first }) => first)
    .finally(() => {
      ending.abort();
      signal.removeEventListener('abort', stop);
    });
  return { result, settled: started.then(({ looked }) => looked).then(() => undefined) };
}

async function guarded(probe: ProbeOnce, target: CheckTarget, context: ProbeContext): Promise<Seen> {
  try {
    return await probe(target, context);
  } catch (thrown) {
    // Only the name: what the message of an unforeseen error quotes may be a secret.
    const name = Error.isError(thrown) ? (thrown as Error).name : typeof thrown;
    return { state: 'error', answered: false, detail: `the check could not be made: ${name}` };
  }
}

function tooLate(timeoutMs: number): ProbeResult {
  return { state: 'unhealthy', responseSeconds: null, detail: `no answer within ${inMilliseconds(timeoutMs)}` };
}

export function judge(seen: Seen, tookMs: number, slowMs: number | null): ProbeResult {
  const detail = oneLine(seen.detail);
  if (!seen.answered) return { state: seen.state, responseSeconds: null, detail };
  const slow = slowMs !== null && tookMs > slowMs;
  const allowed = slow ? `, slower than ${inMilliseconds(slowMs)}` : '';
  return {
    state: slow && seen.state === 'healthy' ? 'degraded' : seen.state,
    responseSeconds: tookMs / 1000,
    detail: `${detail} after ${inMilliseconds(tookMs)}${allowed}`,
  };
}
