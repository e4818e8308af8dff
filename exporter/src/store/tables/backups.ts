import type { Expression, ExpressionBuilder, Kysely, SelectQueryBuilder, SqlBool } from 'kysely';
import type { BackupRecord, CatalogueEntry } from '../../contract/backup.ts';
import { OpError } from '../../contract/errors.ts';
import type { BackupFilter, BackupStore, CountedPage } from '../port.ts';
import { decodeCursor, pageLimit, toPage } from '../page.ts';
import { contains } from '../search.ts';
import type { BackupRow, Schema } from '../schema.ts';

type LearnedLater = Partial<
  Pick<BackupRow, 'keep' | 'note' | 'verified_at' | 'verify_result' | 'drilled_at' | 'copies'>
>;

export function createBackupStore(db: Kysely<Schema>): BackupStore {
  async function change(id: string, values: LearnedLater): Promise<void> {
    const { numUpdatedRows } = await db
      .updateTable('backups')
      .set(values)
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    // Silence would let a verification count that nobody can find again.
    if (numUpdatedRows === 0n) throw new OpError('backup_unknown', `the catalogue has no backup ${id}`);
  }
  return {
    async put(record) {
      const fields = recordFields(record);
      await db
        .insertInto('backups')
        .values({ id: record.id, ...fields, ...nothingLearned })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(fields))
        .execute();
    },
    async get(id) {
      const row = await db.selectFrom('backups').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : toEntry(row);
    },
    list: (filter) => listBackups(db, filter),
    async ofService(service) {
      const rows = await db
        .selectFrom('backups')
        .selectAll()
        .where('service', '=', service)
        .orderBy('started_at', 'desc')
        .orderBy('id', 'desc')
        .execute();
      return rows.map(toEntry);
    },
    setKeep: (id, keep, note) => change(id, { keep: keep ? 1 : 0, note }),
    setVerified: (id, at, result) => change(id, { verified_at: at, verify_result: result }),
    setDrilled: (id, at) => change(id, { drilled_at: at }),
    setCopies: (id, copies) => change(id, { copies: JSON.stringify(copies) }),
    async remove(id) {
      await db.deleteFrom('backups').where('id', '=', id).execute();
    },
  };
}

const nothingLearned = {
  keep: 0,
  note: null,
  verified_at: null,
  verify_result: null,
  drilled_at: null,
  copies: '[]',
} satisfies LearnedLater;

/** 0 where a clock was set back meanwhile. */
export function durationMs({ startedAt, endedAt }: Pick<BackupRecord, 'startedAt' | 'endedAt'>): number {
  return Math.max(0, Date.parse(endedAt) - Date.parse(startedAt));
}

function recordFields(record: BackupRecord): Omit<BackupRow, 'id' | keyof typeof nothingLearned> {
  return {
    service: record.service,
    type: record.type,
    status: record.status,
    started_at: record.startedAt,
    stored_bytes: record.storedBytes,
    bytes: record.bytes,
    duration_ms: durationMs(record),
    record: JSON.stringify(record),
  };
}

function toEntry(row: BackupRow): CatalogueEntry {
  return {
    ...(JSON.parse(row.record) as BackupRecord),
    keep: row.keep === 1,
    note: row.note,
    verifiedAt: row.verified_at,
    verifyResult: row.verify_result as CatalogueEntry['verifyResult'],
    drilledAt: row.drilled_at,
    copies: JSON.parse(row.copies) as string[],
  };
}

const sortColumns = {
  startedAt: 'started_at',
  storedBytes: 'stored_bytes',
  bytes: 'bytes',
  durationSeconds: 'duration_ms',
  service: 'service',
} as const;

type Rows<O> = SelectQueryBuilder<Schema, 'backups', O>;

function matching<O>(rows: Rows<O>, filter: BackupFilter): Rows<O> {
  let query = rows;
  if (filter.service !== undefined) query = query.where('service', '=', filter.service);
  if (filter.type !== undefined) query = query.where('type', '=', filter.type);
  if (filter.status !== undefined) query = query.where('status', '=', filter.status);
  if (filter.keep !== undefined) query = query.where('keep', '=', filter.keep ? 1 : 0);
  if (filter.verified === 'never') query = query.where('verify_result', 'is', null);
  else if (filter.verified !== undefined) query = query.where('verify_result', '=', filter.verified);
  if (filter.drilled !== undefined) query = query.where('drilled_at', filter.drilled ? 'is not' : 'is', null);
  if (filter.from !== undefined) query = query.where('started_at', '>=', filter.from);
  if (filter.to !== undefined) query = query.where('started_at', '<', filter.to);
  const { q } = filter;
  return q === undefined ? query : query.where((eb) => eb.or(searched(eb, q)));
}

function searched(eb: ExpressionBuilder<Schema, 'backups'>, q: string): Expression<SqlBool>[] {
  const texts = (['id', 'service', 'note'] as const).map((column) => contains(eb.ref(column), q));
  // The record is JSON that this store wrote, so its members stand in it exactly like this; only components have a name.
  const members = [
    ...(/^[\w-]{1,63}$/.test(q) ? [`"name":"${q}`] : []),
    ...(/^[0-9a-f]{6,64}$/i.test(q) ? [`"checksum":"${q}`] : []),
  ];
  return [...texts, ...members.map((member) => contains(eb.ref('record'), member))];
}

async function listBackups(db: Kysely<Schema>, filter: BackupFilter): Promise<CountedPage<CatalogueEntry>> {
  const sort = filter.sort ?? '-startedAt';
  const column = sortColumns[sort.replace('-', '') as keyof typeof sortColumns];
  const [direction, beyond] = sort.startsWith('-') ? (['desc', '<'] as const) : (['asc', '>'] as const);
  const limit = pageLimit(filter.limit);
  const after = decodeCursor(sort, filter.cursor);
  let query = matching(db.selectFrom('backups').selectAll(), filter);
  if (after !== null) {
    query = query.where((eb) =>
      eb.or([eb(column, beyond, after.value), eb.and([eb(column, '=', after.value), eb('id', beyond, after.id)])]),
    );
  }
  const rows = await query
    .orderBy(column, direction)
    .orderBy('id', direction)
    .limit(limit + 1)
    .execute();
  const counted = await matching(
    db.selectFrom('backups').select((eb) => eb.fn.countAll<number>().as('rows')),
    filter,
  ).executeTakeFirstOrThrow();
  const valueOf = (row: BackupRow): string | number => {
    const value = row[column];
    return column === 'started_at' || column === 'service' ? String(value) : Number(value);
  };
  const page = toPage(rows, limit, sort, (row) => ({ value: valueOf(row), id: row.id }), toEntry);
  return { ...page, total: Number(counted.rows) };
}
