import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { DrillRecord } from '../../contract/operation.ts';
import { decodeCursor, pageLimit, toPage } from '../page.ts';
import type { DrillStore, EventStore, MeasuredEvent } from '../port.ts';
import type { Schema } from '../schema.ts';
import { contains } from '../search.ts';

const eventsPerChunk = 200;

/** Drills of before databases were drilled have no levels. */
function toDrill(record: string): DrillRecord {
  const later = { levels: [], phases: [], recoveryTarget: null, restoredTo: null, qualityId: null };
  return { ...later, ...(JSON.parse(record) as Omit<DrillRecord, keyof typeof later>) };
}

export function createDrillStore(db: Kysely<Schema>): DrillStore {
  return {
    async put(drill) {
      const fields = { service: drill.service, started_at: drill.startedAt, record: JSON.stringify(drill) };
      await db
        .insertInto('drills')
        .values({ id: drill.id, ...fields })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(fields))
        .execute();
    },
    async get(id) {
      const row = await db.selectFrom('drills').select('record').where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : toDrill(row.record);
    },
    async list(filter) {
      const order = '-startedAt';
      const limit = pageLimit(filter.limit);
      const after = decodeCursor(order, filter.cursor);
      let query = db.selectFrom('drills').selectAll();
      if (filter.service !== undefined) query = query.where('service', '=', filter.service);
      // The record is JSON that this store wrote, so its members stand in it exactly like this.
      const { passed, operationId } = filter;
      if (passed !== undefined) query = query.where((eb) => contains(eb.ref('record'), `"passed":${passed}`));
      if (operationId !== undefined)
        query = query.where((eb) => contains(eb.ref('record'), `"operationId":${JSON.stringify(operationId)}`));
      if (after !== null) {
        const startedAt = String(after.value);
        query = query.where((eb) =>
          eb.or([
            eb('started_at', '<', startedAt),
            eb.and([eb('started_at', '=', startedAt), eb('id', '<', after.id)]),
          ]),
        );
      }
      const rows = await query
        .orderBy('started_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit + 1)
        .execute();
      return toPage(
        rows,
        limit,
        order,
        (row) => ({ value: row.started_at, id: row.id }),
        (row) => toDrill(row.record),
      );
    },
  };
}

export function createEventStore(db: Kysely<Schema>): EventStore {
  return {
    async add(event) {
      await db
        .insertInto('events')
        .values({
          kind: event.kind,
          service: event.service,
          at: event.at,
          labels: JSON.stringify(event.labels),
          duration_seconds: event.durationSeconds,
        })
        .execute();
    },
    all: () => allEvents(db),
  };
}

/** Page by page, so that the connection stays free for whatever the reader writes between two chunks. */
async function* allEvents(db: Kysely<Schema>): AsyncGenerator<readonly MeasuredEvent[]> {
  let after = 0;
  for (;;) {
    const rows = await db
      .selectFrom('events')
      .selectAll()
      .where('seq', '>', after)
      .orderBy('seq')
      .limit(eventsPerChunk)
      .execute();
    const last = rows.at(-1);
    if (last === undefined) return;
    after = Number(last.seq);
    yield rows.map((row) => ({
      kind: row.kind as MeasuredEvent['kind'],
      service: row.service,
      at: row.at,
      labels: JSON.parse(row.labels) as MeasuredEvent['labels'],
      durationSeconds: row.duration_seconds,
    }));
    // An embedded database answers in the same turn of the event loop: without this nobody else would get one.
    await nextTurn();
  }
}
