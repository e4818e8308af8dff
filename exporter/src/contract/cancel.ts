import type { Operation } from './operation.ts';

/** What each kind leaves behind when it is cancelled; nothing that was there before is ever half changed. */
const effects: Readonly<Record<Operation['kind'], string>> = {
  backup: 'what was copied so far is removed; earlier backups stay as they are',
  verify: 'nothing: verifying only reads',
  restore: 'what was staged so far is removed; the data that is in place stays as it is',
  quality: 'nothing: comparing only reads, and no report is kept',
  drill: 'its private folder is removed; no result is recorded',
  copy: 'what was copied so far stays and is resumed the next time',
  delete: 'what is already deleted stays deleted',
  retention: 'what is already deleted stays deleted',
  failover: 'before a promotion was begun it is put back where that is safe; afterwards it goes on to its end',
  switchover: 'before a promotion was begun the old primary is started again; afterwards it goes on to its end',
  fence: 'the node counts as taken out, with or without proof',
  rejoin: 'the node stays out; bring it back again',
  scale: 'instances that were started or ended so far stay so; the next evaluation goes on from there',
  playbook: 'what was done so far stays; a takeover that it began goes on by itself',
};

/**
 * Whether an operation can be cancelled now and what that leaves; null when it has ended. A restore in place whose swap has
 * begun goes to its end or back to the old data by itself.
 */
export function cancelEffect(
  operation: Pick<Operation, 'kind' | 'state' | 'endedAt'>,
): { readonly possible: boolean; readonly effect: string } | null {
  if (operation.endedAt !== null || (operation.state !== 'queued' && operation.state !== 'running')) return null;
  if (operation.state === 'queued') return { possible: true, effect: 'nothing: it has not begun' };
  return { possible: true, effect: effects[operation.kind] };
}
