import { fail, ok, type OpError, type Outcome } from '../../../contract/errors.ts';
import type { NodeProbe, Reach } from '../../../contract/failover.ts';
import type { Clock } from '../../../ports/index.ts';
import { connect, type PgSession } from '../../postgres/client.ts';
import type { PostgresServer } from '../../postgres-target.ts';
import type { FailoverCluster, FailoverNode } from '../port.ts';
import { needsSegments, newestSegmentSql, standingOf, standingSql, type StandingRow } from './standing.ts';

const nothing = {
  role: null,
  writable: null,
  timeline: null,
  receivedBytes: null,
  replayedBytes: null,
  upstream: null,
  upstreamSilentSeconds: null,
  synchronousStandbys: null,
  systemId: null,
} as const;

/** A new connection and one statement, `probeTimeoutSeconds` for both. A kept one would answer where no client gets in any more. */
export async function probeNode(
  deps: { readonly clock: Clock },
  cluster: FailoverCluster,
  node: FailoverNode,
  signal: AbortSignal,
): Promise<NodeProbe> {
  const begun = deps.clock.now();
  const seconds = (): number => Math.max(0, (+deps.clock.now() - +begun) / 1000);
  const at = begun.toISOString();
  if (node.server === null)
    return { at, reach: 'failed', seconds: 0, ...nothing, problem: 'no host is configured for it' };
  const limitMs = cluster.probeTimeoutSeconds * 1000;
  const over = new AbortController();
  const ended = new AbortController();
  const onAbort = (): void => over.abort();
  signal.addEventListener('abort', onAbort, { once: true });
  void deps.clock.sleep(limitMs, ended.signal).then(onAbort);
  const asked = await ask(node.server, limitMs, signal.aborted ? signal : over.signal);
  ended.abort();
  signal.removeEventListener('abort', onAbort);
  if (asked.ok)
    return {
      at,
      reach: 'answered',
      seconds: seconds(),
      ...standingOf(asked.value.row, cluster.nodes, asked.value.newestSegment),
    };
  const { reach, problem } = signal.aborted
    ? { reach: 'failed' as const, problem: 'the probe was cancelled' }
    : failureOf(asked.error, cluster.probeTimeoutSeconds);
  return { at, reach, seconds: seconds(), ...nothing, problem };
}

interface Answer {
  readonly row: StandingRow;
  readonly newestSegment: number | null;
}

async function ask(server: PostgresServer, timeoutMs: number, signal: AbortSignal): Promise<Outcome<Answer>> {
  const session = await connect(server, {
    connectTimeoutMs: timeoutMs,
    statementTimeoutMs: timeoutMs,
    signal,
    applicationName: 'genesis probe',
  });
  if (!session.ok) return session;
  const answer = await read(session.value);
  // Not waited for: a server that freezes now is the next probe's matter.
  void session.value.end();
  return answer;
}

async function read(session: PgSession): Promise<Outcome<Answer>> {
  const rows = await session.query<StandingRow>(standingSql);
  if (!rows.ok) return rows;
  const [row] = rows.value;
  if (row === undefined) return fail('postgres_failed', 'the server answered without a row');
  if (!needsSegments(row)) return ok({ row, newestSegment: null });
  const segments = await session.query<{ timeline: number | null }>(newestSegmentSql);
  return segments.ok ? ok({ row, newestSegment: segments.value[0]?.timeline ?? null }) : segments;
}

const refusals = new Set(['ECONNREFUSED', 'ENOENT']);
/** Its network says that it cannot be reached, which is not its own word. */
const unheard = new Set([
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** It refuses Genesis and nobody else: who says so is alive. Login, database, rights. */
const refusesUs = /^(28|3D|42)/;
/** All its connections are taken, or the statement took too long: slow or stuck, nobody can tell which. */
const tooBusy = new Set(['53300', '53400', '57014']);

/** How a failed attempt to ask counts, in words without a secret. `answered`: it lives, and what it is stays unknown. Pure. */
export function failureOf(error: OpError, timeoutSeconds: number): { readonly reach: Reach; readonly problem: string } {
  const sqlstate = error.details?.['sqlstate'];
  if (typeof sqlstate === 'string') return { reach: saidBy(sqlstate), problem: error.message };
  if (error.code === 'cancelled' || /: no answer within /.test(error.message))
    return { reach: 'silent', problem: `no answer within ${timeoutSeconds} s` };
  const code = causeCode(error.cause);
  if (refusals.has(code)) return { reach: 'refused', problem: error.message };
  return { reach: unheard.has(code) ? 'silent' : 'failed', problem: error.message };
}

function saidBy(sqlstate: string): Reach {
  if (refusesUs.test(sqlstate)) return 'answered';
  return tooBusy.has(sqlstate) ? 'silent' : 'failed';
}

/** A name that stands for several addresses fails with the errors of all: the first one counts when all are alike. */
function causeCode(cause: unknown): string {
  const { code, errors, syscall } = (cause ?? {}) as {
    readonly code?: unknown;
    readonly errors?: readonly unknown[];
    readonly syscall?: unknown;
  };
  // A file of our own, e.g. the authority's certificate, could not be read: the server was never asked.
  if (syscall === 'open') return '';
  if (Array.isArray(errors) && errors.length > 0) {
    const codes = new Set(errors.map(causeCode));
    return codes.size === 1 ? ([...codes][0] ?? '') : '';
  }
  return typeof code === 'string' ? code : '';
}
