import type { Kysely } from 'kysely';
import type { MaintenanceStore } from '../port.ts';
import type { Schema } from '../schema.ts';

export function createMaintenanceStore(db: Kysely<Schema>): MaintenanceStore {
  return {
    async set({ service, by, reason, since, until }) {
      const fields = { opened_by: by, reason, opened_at: since, closes_at: until };
      await db
        .insertInto('maintenance')
        .values({ service, ...fields })
        .onConflict((conflict) => conflict.column('service').doUpdateSet(fields))
        .execute();
    },
    async clear(service) {
      await db.deleteFrom('maintenance').where('service', '=', service).execute();
    },
    async list() {
      const rows = await db.selectFrom('maintenance').selectAll().orderBy('service').execute();
      return rows.map((row) => ({
        service: row.service,
        by: row.opened_by,
        reason: row.reason,
        since: row.opened_at,
        until: row.closes_at,
      }));
    },
  };
}
