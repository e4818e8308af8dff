import { ok, type Outcome } from '../../contract/errors.ts';
import type { PgSession } from '../postgres/client.ts';

interface Place {
  readonly system: string;
  /** 64 bits, as text. */
  readonly next: string;
}

const place = `
  select (select system_identifier::text from pg_control_system()) as system,
         pg_snapshot_xmax(pg_current_snapshot())::text as next`;

/** Ids are compared by half of their circle. */
const halfCircle = 2n ** 31n;

/**
 * Where one cluster came from the other: the next transaction id of the restored one, 32 bits as text. Whatever the source wrote from
 * it on was not there when the restored data was. Null: they are two clusters, or nothing was written since. Errors: those of
 * PgSession.query, but for a role that may not ask, which makes it not known.
 */
export async function horizonOf(source: PgSession, restored: PgSession): Promise<Outcome<string | null>> {
  const [now, then] = [await source.query<Place>(place), await restored.query<Place>(place)];
  const denied = [now, then].find((asked) => !asked.ok);
  if (denied !== undefined && !denied.ok) return denied.error.code === 'postgres_failed' ? ok(null) : denied;
  return ok(now.ok && then.ok ? horizonBetween(now.value[0], then.value[0]) : null);
}

/** Pure. */
export function horizonBetween(
  source: Pick<Place, 'system' | 'next'> | undefined,
  restored: Pick<Place, 'system' | 'next'> | undefined,
): string | null {
  if (source === undefined || restored === undefined || source.system !== restored.system) return null;
  const [now, then] = [BigInt(source.next), BigInt(restored.next)];
  if (now <= then || now - then >= halfCircle) return null;
  return String(then % 2n ** 32n);
}
