import { createHash } from 'node:crypto';
import type { AuditEntry, AuditHead } from './port.ts';

/** What the first row of a chain follows: 64 zeros. */
export const genesisHash = '0'.repeat(64);

/**
 * JSON with sorted keys and no whitespace (RFC 8785), so that the same content always gives the same bytes.
 * Members that are undefined are left out, as JSON.stringify does. Errors: throws TypeError on what JSON cannot hold.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'object' && value !== null && typeof (value as { toJSON?: unknown }).toJSON === 'function') {
    return canonicalJson((value as { toJSON: () => unknown }).toJSON());
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError(`a ${typeof value} has no JSON form`);
  return text;
}

/** SHA-256 (hex) over the previous row's hash (64 hex digits) followed by the canonical JSON of this row. */
export function auditHash(previousHash: string, entry: Omit<AuditEntry, 'hash'>): string {
  // The fields are named one by one: what a row may gain in memory never changes its hash.
  const { seq, at, actor, role, via, action, service, target, result, reason, operationId, remote, details } = entry;
  const row = { seq, at, actor, role, via, action, service, target, result, reason, operationId, remote, details };
  return createHash('sha256').update(previousHash).update(canonicalJson(row)).digest('hex');
}

export interface AuditVerification {
  readonly count: number;
  readonly brokenAt: number | null;
  readonly hashes: ReadonlyMap<number, string>;
}

/** `beyond_end`: the log is shorter than it once was, so its tail was cut. `differs`: it was rewritten up to there. */
export type HeadVerdict = 'matches' | 'differs' | 'beyond_end';

export interface HeadComparison {
  /** One per head, in the order of their counts. */
  readonly heads: readonly { readonly head: AuditHead; readonly verdict: HeadVerdict }[];
  /** The chain holds and no head speaks against it. */
  readonly intact: boolean;
  /** Rows 1 to this one are what was written: a head kept elsewhere vouches for them. 0: nothing is proven. */
  readonly provenUpTo: number;
  /** From this seq on nobody can know: a consistent rewrite of these rows would leave no trace. */
  readonly unknownFrom: number;
}

/**
 * Compares a verified chain with heads that were kept elsewhere (log, copies, manifests). A chain alone proves nothing
 * against someone who may write the whole file: only a head that this one could not reach does.
 */
export function compareHeads(chain: AuditVerification, heads: readonly AuditHead[]): HeadComparison {
  const judged = [...heads].sort((a, b) => a.count - b.count).map((head) => ({ head, verdict: judge(chain, head) }));
  const against = judged.filter((item) => item.verdict === 'differs').map((item) => item.head.count);
  // A head that matches beyond a break or beyond a contradiction vouches for nothing: the doubt begins at the first one.
  const doubtFrom = Math.min(chain.brokenAt ?? Infinity, ...against);
  const proven = judged.filter((item) => item.verdict === 'matches' && item.head.count < doubtFrom);
  const provenUpTo = proven.at(-1)?.head.count ?? 0;
  const intact = chain.brokenAt === null && judged.every((item) => item.verdict === 'matches');
  return { heads: judged, intact, provenUpTo, unknownFrom: provenUpTo + 1 };
}

function judge(chain: AuditVerification, head: AuditHead): HeadVerdict {
  const hash = chain.hashes.get(head.count);
  if (hash === undefined) return 'beyond_end';
  return hash === head.hash ? 'matches' : 'differs';
}
