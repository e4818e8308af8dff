import type { Kysely } from 'kysely';
import type { AlertDefinition, AlertMemory } from '../../core/alerting.ts';
import type { LiveAlertStore } from '../port.ts';
import type { Schema } from '../schema.ts';

export function createLiveAlertStore(db: Kysely<Schema>): LiveAlertStore {
  return {
    async put({ definition, memory }) {
      const fields = { definition: JSON.stringify(definition), memory: JSON.stringify(memory) };
      await db
        .insertInto('live_alerts')
        .values({ id: definition.id, created_at: definition.createdAt, ...fields })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(fields))
        .execute();
    },
    async remember(id, memory) {
      await db
        .updateTable('live_alerts')
        .set({ memory: JSON.stringify(memory) })
        .where('id', '=', id)
        .execute();
    },
    async remove(id) {
      await db.deleteFrom('live_alerts').where('id', '=', id).execute();
    },
    async list() {
      const rows = await db.selectFrom('live_alerts').selectAll().orderBy('created_at').orderBy('id').execute();
      return rows.map((row) => ({
        definition: JSON.parse(row.definition) as AlertDefinition,
        memory: JSON.parse(row.memory) as AlertMemory,
      }));
    },
  };
}
