import { ok, type Outcome } from '../../../contract/errors.ts';
import type { FailoverNode } from '../port.ts';
import type { PgSession } from '../../postgres/client.ts';
import { slotNameOf } from './conninfo.ts';
import { onNode, type Work } from './work.ts';

/** Physical slots: one on the primary for each standby, and none where nobody comes for it: it would keep the log until the disk is full. */

const createSql = `
  SELECT pg_create_physical_replication_slot($1, true)
   WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = $1)`;

/** Name of the slot for `node` on `primary`; null: none could be made, said in the journal. A standby streams without one, too. */
export async function ensureSlot(work: Work, node: FailoverNode, primary: FailoverNode): Promise<string | null> {
  const name = slotNameOf(node);
  const made = await onNode(work, primary, (session) => session.query(createSql, [name]));
  if (made.ok) return name;
  work.context.note(`no slot for ${node.name} on ${primary.name}: ${made.error.message}`);
  return null;
}

const unusedSql = `
  SELECT slot_name AS "name" FROM pg_replication_slots
   WHERE slot_type = 'physical' AND NOT active AND NOT temporary AND slot_name = ANY ($1)`;

/** Drops slots of these nodes that nobody uses on `place`. What fails is said in the journal: it is no reason to stop. */
export async function dropUnusedSlots(work: Work, place: FailoverNode, nodes: readonly FailoverNode[]): Promise<void> {
  const dropped = await onNode(work, place, (session) => dropBy(session, nodes.map(slotNameOf)));
  if (!dropped.ok) work.context.note(`slots that nobody uses may be left on ${place.name}: ${dropped.error.message}`);
  else if (dropped.value.length > 0) work.context.note(`slots dropped on ${place.name}: ${dropped.value.join(', ')}`);
}

async function dropBy(session: PgSession, names: readonly string[]): Promise<Outcome<readonly string[]>> {
  const unused = await session.query<{ name: string }>(unusedSql, [names]);
  if (!unused.ok) return unused;
  for (const { name } of unused.value) {
    const dropped = await session.query('SELECT pg_drop_replication_slot($1)', [name]);
    if (!dropped.ok) return dropped;
  }
  return ok(unused.value.map(({ name }) => name));
}
