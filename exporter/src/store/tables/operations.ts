import type { Kysely, SelectQueryBuilder } from 'kysely';
import { OpError } from '../../contract/errors.ts';
import type { Actor, Operation, OperationFailure, OperationStep } from '../../contract/operation.ts';
import { decodeCursor, pageLimit, toPage } from '../page.ts';
import type { CountedPage, NewOperation, OperationFilter, OperationStore } from '../port.ts';
import type { OperationRow, OperationStepRow, Schema } from '../schema.ts';

const unfinishedStates = ['queued', 'running'];

export function createOperationStore(db: Kysely<Schema>): OperationStore {
  return {
    begin: (operation) => beginOperation(db, operation),
    async start(id, at) {
      // An operation that is resumed after a crash keeps the time of its first start.
      const { numUpdatedRows } = await db
        .updateTable('operations')
        .set((eb) => ({ state: 'running', started_at: eb.fn.coalesce('started_at', eb.val(at)) }))
        .where('id', '=', id)
        .where('state', 'in', unfinishedStates)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows === 0n) throw await notOpen(db, id);
    },
    step: (id, step) => putStep(db, id, step),
    async finish(id, end) {
      const { numUpdatedRows } = await db
        .updateTable('operations')
        .set({ state: end.state, ended_at: end.endedAt, result: toJson(end.result), error: toJson(end.error) })
        .where('id', '=', id)
        .where('state', 'in', unfinishedStates)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows === 0n) throw await notOpen(db, id);
    },
    async get(id) {
      const row = await db.selectFrom('operations').selectAll().where('id', '=', id).executeTakeFirst();
      if (row === undefined) return null;
      return toOperation(row, await stepsOf(db, [id]));
    },
    async byKey(actorName, idempotencyKey) {
      const row = await rowOfKey(db, actorName, idempotencyKey);
      if (row === undefined) return null;
      return { operation: toOperation(row, await stepsOf(db, [row.id])), requestHash: row.request_hash };
    },
    list: (filter) => listOperations(db, filter),
    async unfinished() {
      const rows = await db
        .selectFrom('operations')
        .selectAll()
        .where('state', 'in', unfinishedStates)
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      const steps = await stepsOf(
        db,
        rows.map((row) => row.id),
      );
      return rows.map((row) => toOperation(row, steps));
    },
  };
}

/**
 * One statement decides who was first: the unique constraint lets a single row in per actor and key, whoever asks at the
 * same time. The losers find the winner's row, which nobody ever deletes.
 */
async function beginOperation(db: Kysely<Schema>, operation: NewOperation): ReturnType<OperationStore['begin']> {
  const row = newRow(operation);
  const inserted = await db
    .insertInto('operations')
    .values(row)
    .onConflict((conflict) => conflict.columns(['actor_name', 'idempotency_key']).doNothing())
    .returning('id')
    .executeTakeFirst();
  if (inserted !== undefined) return { operation: toOperation(row, []), created: true, sameRequest: true };
  const first = await rowOfKey(db, operation.actor.name, operation.idempotencyKey);
  if (first === undefined) throw new Error(`operation ${operation.id} was neither written nor found by its key`);
  return {
    operation: toOperation(first, await stepsOf(db, [first.id])),
    created: false,
    sameRequest: first.request_hash === operation.requestHash,
  };
}

function rowOfKey(db: Kysely<Schema>, actorName: string, key: string | null): Promise<OperationRow | undefined> {
  return db
    .selectFrom('operations')
    .selectAll()
    .where('actor_name', '=', actorName)
    .where('idempotency_key', '=', key)
    .executeTakeFirst();
}

async function putStep(db: Kysely<Schema>, id: string, step: OperationStep): Promise<void> {
  const fields = { state: step.state, started_at: step.startedAt, ended_at: step.endedAt, detail: step.detail };
  await db
    .insertInto('operation_steps')
    .values({ operation_id: id, name: step.name, ...fields })
    .onConflict((conflict) => conflict.columns(['operation_id', 'name']).doUpdateSet(fields))
    .execute();
}

async function notOpen(db: Kysely<Schema>, id: string): Promise<OpError> {
  const row = await db.selectFrom('operations').select('state').where('id', '=', id).executeTakeFirst();
  if (row === undefined) return new OpError('operation_unknown', `the journal has no operation ${id}`);
  return new OpError('operation_finished', `operation ${id} has already ended as ${row.state}`);
}

async function stepsOf(db: Kysely<Schema>, ids: readonly string[]): Promise<readonly OperationStepRow[]> {
  if (ids.length === 0) return [];
  return db.selectFrom('operation_steps').selectAll().where('operation_id', 'in', ids).orderBy('seq').execute();
}

type Rows<O> = SelectQueryBuilder<Schema, 'operations', O>;

function matching<O>(rows: Rows<O>, filter: OperationFilter): Rows<O> {
  let query = rows;
  if (filter.service !== undefined) query = query.where('service', '=', filter.service);
  if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind);
  if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  if (filter.active !== undefined) query = query.where('state', filter.active ? 'in' : 'not in', unfinishedStates);
  if (filter.actor !== undefined) query = query.where('actor_name', '=', filter.actor);
  if (filter.from !== undefined) query = query.where('created_at', '>=', filter.from);
  if (filter.to !== undefined) query = query.where('created_at', '<', filter.to);
  return query;
}

async function listOperations(db: Kysely<Schema>, filter: OperationFilter): Promise<CountedPage<Operation>> {
  const order = '-createdAt';
  const limit = pageLimit(filter.limit);
  const after = decodeCursor(order, filter.cursor);
  let query = matching(db.selectFrom('operations').selectAll(), filter);
  if (after !== null) {
    const createdAt = String(after.value);
    query = query.where((eb) =>
      eb.or([eb('created_at', '<', createdAt), eb.and([eb('created_at', '=', createdAt), eb('id', '<', after.id)])]),
    );
  }
  const rows = await query
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  const steps = await stepsOf(
    db,
    rows.map((row) => row.id),
  );
  const counted = await matching(
    db.selectFrom('operations').select((eb) => eb.fn.countAll<number>().as('rows')),
    filter,
  ).executeTakeFirstOrThrow();
  const page = toPage(
    rows,
    limit,
    order,
    (row) => ({ value: row.created_at, id: row.id }),
    (row) => toOperation(row, steps),
  );
  return { ...page, total: Number(counted.rows) };
}

function newRow(operation: NewOperation): OperationRow {
  return {
    id: operation.id,
    kind: operation.kind,
    service: operation.service,
    params: JSON.stringify(operation.params),
    actor_name: operation.actor.name,
    actor_role: operation.actor.role,
    actor_via: operation.actor.via,
    reason: operation.reason,
    idempotency_key: operation.idempotencyKey,
    request_hash: operation.requestHash,
    state: 'queued',
    created_at: operation.createdAt,
    started_at: null,
    ended_at: null,
    result: null,
    error: null,
  };
}

function toOperation(row: OperationRow, steps: readonly OperationStepRow[]): Operation {
  return {
    id: row.id,
    kind: row.kind as Operation['kind'],
    service: row.service,
    params: JSON.parse(row.params) as Operation['params'],
    actor: { name: row.actor_name, role: row.actor_role as Actor['role'], via: row.actor_via as Actor['via'] },
    reason: row.reason,
    idempotencyKey: row.idempotency_key,
    state: row.state as Operation['state'],
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    steps: steps.filter((step) => step.operation_id === row.id).map(toStep),
    // Progress lives in memory only: it is worth nothing after a crash and would cost a durable write a second.
    progress: null,
    result: row.result === null ? null : (JSON.parse(row.result) as NonNullable<Operation['result']>),
    error: row.error === null ? null : (JSON.parse(row.error) as OperationFailure),
  };
}

function toStep(row: OperationStepRow): OperationStep {
  return {
    name: row.name,
    state: row.state as OperationStep['state'],
    startedAt: row.started_at,
    endedAt: row.ended_at,
    detail: row.detail,
  };
}

function toJson(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}
