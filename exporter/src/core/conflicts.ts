import type { Operation, OperationKind } from '../contract/operation.ts';

/**
 * What an operation does to its service: `exclusive` stands alone, `write` excludes other writers, `read` only what is exclusive.
 * `takeover` moves the primary: no backup holds it up, but nothing that writes begins while it goes on.
 */
type Claim = 'exclusive' | 'takeover' | 'write' | 'read';

const takeovers: readonly OperationKind[] = ['failover', 'switchover', 'fence', 'rejoin'];

export function isTakeover(kind: OperationKind): boolean {
  return takeovers.includes(kind);
}

export interface Claimant {
  readonly kind: OperationKind;
  readonly service: string;
  readonly inPlace: boolean;
  /** A copy that is a repository of its own is backed up into: that is a backup. */
  readonly makesBackup: boolean;
  /** What it works on, where two of the same would only repeat each other (a backup id for verify). */
  readonly subject: string | null;
}

function claim(c: Claimant): Claim {
  if (isTakeover(c.kind)) return 'takeover';
  if (c.kind === 'delete' || c.kind === 'retention') return 'exclusive';
  if (c.kind === 'restore') return c.inPlace ? 'exclusive' : 'read';
  if (c.kind === 'backup' || c.makesBackup) return 'write';
  return 'read';
}

export function claimantOf(operation: Operation): Claimant {
  const target = operation.params['target'] as { kind?: string } | undefined;
  const backupId = operation.params['backupId'];
  return {
    kind: operation.kind,
    service: operation.service,
    inPlace: operation.kind === 'restore' && target?.kind === 'in_place',
    makesBackup: operation.params['makesBackup'] === true,
    subject: operation.kind === 'verify' && typeof backupId === 'string' ? backupId : null,
  };
}

function conflicts(a: Claimant, b: Claimant): boolean {
  if (a.service !== b.service) return false;
  // One recovery at a time, and none while the primary moves; a takeover itself waits for no recovery, which may have asked for it.
  if (a.kind === 'playbook' && (b.kind === 'playbook' || isTakeover(b.kind))) return true;
  const [ca, cb] = [claim(a), claim(b)];
  // Retention deletes old backups: no reason to stay without a primary. Data that is replaced in place is one.
  // Two that change who serves, or how many, do not know of each other's nodes.
  if (a.kind === 'scale' && ca !== cb && (cb === 'takeover' || cb === 'exclusive')) return true;
  if (ca === 'takeover') return cb === 'takeover' || (b.kind === 'restore' && b.inPlace);
  if (cb === 'takeover') return ca === 'write' || ca === 'exclusive';
  if (ca === 'exclusive' || cb === 'exclusive') return true;
  if (ca === 'write' && cb === 'write') return true;
  // Two drills, copies or comparisons of one service at once only disturb each other; so do two reads of the same backup.
  if (a.kind === b.kind && (a.kind === 'drill' || a.kind === 'copy' || a.kind === 'quality' || a.kind === 'scale'))
    return true;
  return a.kind === 'verify' && b.kind === 'verify' && a.subject === b.subject;
}

/** The running operation that stands in the way of the wanted one, or null. */
export function findConflict(wanted: Claimant, running: readonly Operation[]): Operation | null {
  return running.find((o) => conflicts(wanted, claimantOf(o))) ?? null;
}
