import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CompiledQuery, Kysely, SelectQueryBuilder } from 'kysely';
import { OpError } from '../../contract/errors.ts';
import { auditHash, canonicalJson, genesisHash } from '../audit-hash.ts';
import type { StoreDialect } from '../dialect.ts';
import { decodeCursor, pageLimit, toPage } from '../page.ts';
import type { AuditEntry, AuditFilter, AuditHead, AuditStore, NewAuditEntry } from '../port.ts';
import type { AuditRow, Schema } from '../schema.ts';
import { contains } from '../search.ts';

const rowsPerCommit = 200;
const rowsPerRead = 500;
/** How often others may be faster before an append gives up; each lost race means that somebody else's row was written. */
const maxRaces = 20;

interface Waiting {
  readonly entry: NewAuditEntry;
  readonly resolve: (head: AuditHead) => void;
  readonly reject: (error: OpError) => void;
}

/** The last row of the chain; `seq` 0 before the first. */
type Head = Pick<AuditRow, 'seq' | 'hash' | 'at'>;

export function createAuditStore(db: Kysely<Schema>, dialect: StoreDialect): AuditStore {
  const appendAll = createAppender(db, dialect);
  const waiting: Waiting[] = [];
  let writing = false;

  // One writer at a time keeps the chain a chain. What arrives while it waits for the disk shares the next commit.
  async function drain(): Promise<void> {
    if (writing) return;
    writing = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, rowsPerCommit);
      try {
        const heads = await appendAll(batch.map((item) => item.entry));
        batch.forEach((item, index) => item.resolve(heads[index] as AuditHead));
      } catch (thrown) {
        const error = unwritable(thrown);
        for (const item of batch) item.reject(error);
      }
    }
    writing = false;
  }

  return {
    append(entry) {
      const storable = toStorable(entry);
      return new Promise<AuditHead>((resolve, reject) => {
        waiting.push({ entry: storable, resolve, reject });
        void drain();
      });
    },
    async head() {
      const { seq, hash, at } = await readHead(db);
      return seq === 0 ? null : { count: seq, hash, at };
    },
    async list(filter) {
      const order = '-seq';
      const limit = pageLimit(filter.limit);
      const after = decodeCursor(order, filter.cursor);
      let query = matching(db.selectFrom('audit').selectAll(), filter);
      if (after !== null) query = query.where('seq', '<', Number(after.value));
      const rows = await query
        .orderBy('seq', 'desc')
        .limit(limit + 1)
        .execute();
      return toPage(rows, limit, order, (row) => ({ value: row.seq, id: '' }), toEntry);
    },
    all: (filter) => allRows(db, filter),
    verify: (countsToReport) => verifyChain(db, new Set(countsToReport)),
  };
}

type Rows<O> = SelectQueryBuilder<Schema, 'audit', O>;

function matching<O>(rows: Rows<O>, filter: AuditFilter): Rows<O> {
  let query = rows;
  if (filter.action !== undefined) query = query.where('action', '=', filter.action);
  if (filter.actor !== undefined) query = query.where('actor', '=', filter.actor);
  if (filter.service !== undefined) query = query.where('service', '=', filter.service);
  if (filter.result !== undefined) query = query.where('result', '=', filter.result);
  if (filter.operationId !== undefined) query = query.where('operation_id', '=', filter.operationId);
  if (filter.seq !== undefined) query = query.where('seq', '=', filter.seq);
  if (filter.from !== undefined) query = query.where('at', '>=', filter.from);
  if (filter.to !== undefined) query = query.where('at', '<', filter.to);
  const { q } = filter;
  if (q === undefined) return query;
  const columns = ['actor', 'action', 'service', 'target', 'reason'] as const;
  return query.where((eb) => eb.or(columns.map((column) => contains(eb.ref(column), q))));
}

/** Chunk by chunk, so that the connection stays free and the rows of years never stand in memory together. */
async function* allRows(db: Kysely<Schema>, filter: AuditFilter): AsyncGenerator<readonly AuditEntry[]> {
  let after = 0;
  for (;;) {
    const rows = await matching(db.selectFrom('audit').selectAll(), filter)
      .where('seq', '>', after)
      .orderBy('seq')
      .limit(rowsPerRead)
      .execute();
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.seq;
    yield rows.map(toEntry);
    await nextTurn(); // the embedded database never yields by itself
  }
}

/**
 * Appends rows in one statement, so that it needs no lock: `seq` is the primary key, and of two writers that chain to the
 * same row only one gets in; the other reads the new head and chains anew. The head is remembered and not read each time,
 * so a tail that is cut while the program runs leaves a gap that verify finds.
 */
function createAppender(
  db: Kysely<Schema>,
  dialect: StoreDialect,
): (entries: readonly NewAuditEntry[]) => Promise<AuditHead[]> {
  const insertOf = createInsert(db);
  let head: Head | null = null;
  return async (entries) => {
    for (let race = 1; ; race += 1) {
      const base: Head = head ?? (await readHead(db));
      const rows = chain(base, entries);
      try {
        await db.executeQuery(insertOf(rows));
        head = rows.at(-1) ?? base;
        return rows.map((row) => ({ count: row.seq, hash: row.hash, at: row.at }));
      } catch (thrown) {
        head = null; // after a failure only the database knows
        if (!dialect.isDuplicate(thrown) || race >= maxRaces) throw thrown;
      }
    }
  };
}

/** Building the statement would take longer than running it: it is built once for each number of rows. */
function createInsert(db: Kysely<Schema>): (rows: readonly AuditRow[]) => CompiledQuery {
  const built = new Map<number, CompiledQuery>();
  return (rows) => {
    const known = built.get(rows.length) ?? db.insertInto('audit').values(rows).compile();
    built.set(rows.length, known);
    // Every row is made by toRow, so its values stand in the order of the statement's columns.
    return { ...known, parameters: rows.flatMap((row) => Object.values(row)) };
  };
}

function chain(base: Head, entries: readonly NewAuditEntry[]): AuditRow[] {
  let { seq, hash } = base;
  return entries.map((entry) => {
    seq += 1;
    hash = auditHash(hash, { ...entry, seq });
    return toRow({ ...entry, seq, hash });
  });
}

async function readHead(db: Kysely<Schema>): Promise<Head> {
  const last = await db
    .selectFrom('audit')
    .select(['seq', 'hash', 'at'])
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return last ?? { seq: 0, hash: genesisHash, at: '' };
}

function unwritable(thrown: unknown): OpError {
  const why = Error.isError(thrown) ? thrown.message : String(thrown);
  return new OpError('audit_unwritable', `the audit log cannot be written: ${why}`, { cause: thrown, retryable: true });
}

/**
 * After a row that does not follow, the walk goes on from the hash that stands in it: so the first break is named, and the
 * rows behind it are still compared with the heads kept elsewhere.
 */
async function verifyChain(db: Kysely<Schema>, wanted: ReadonlySet<number>): ReturnType<AuditStore['verify']> {
  const hashes = new Map<number, string>();
  let [count, seq, previousHash, brokenAt]: [number, number, string, number | null] = [0, 0, genesisHash, null];
  for (;;) {
    const rows = await db
      .selectFrom('audit')
      .selectAll()
      .where('seq', '>', seq)
      .orderBy('seq')
      .limit(rowsPerRead)
      .execute();
    if (rows.length === 0) return { count, brokenAt, hashes };
    for (const row of rows) {
      // A gap is named by the first row that is missing.
      if (row.seq !== seq + 1) brokenAt ??= seq + 1;
      else if (recomputed(previousHash, row) !== row.hash) brokenAt ??= row.seq;
      count += 1;
      seq = row.seq;
      previousHash = row.hash;
      if (wanted.has(seq)) hashes.set(seq, row.hash);
    }
    await nextTurn(); // the embedded database never yields by itself
  }
}

/** Null when the row cannot even be read as one: it was edited. */
function recomputed(previousHash: string, row: AuditRow): string | null {
  try {
    return auditHash(previousHash, toEntry(row));
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return null;
    throw thrown;
  }
}

function toRow(entry: AuditEntry): AuditRow {
  return {
    seq: entry.seq,
    at: entry.at,
    actor: entry.actor,
    role: entry.role,
    via: entry.via,
    action: entry.action,
    service: entry.service,
    target: entry.target,
    result: entry.result,
    reason: entry.reason,
    operation_id: entry.operationId,
    remote: entry.remote,
    details: entry.details === null ? null : canonicalJson(entry.details),
    hash: entry.hash,
  };
}

function toEntry(row: AuditRow): AuditEntry {
  const { operation_id, details, result, ...same } = row;
  return {
    ...same,
    result: result as AuditEntry['result'],
    operationId: operation_id,
    details: details === null ? null : (JSON.parse(details) as NonNullable<AuditEntry['details']>),
  };
}

/**
 * What is hashed must be what a database gives back: no NUL (PostgreSQL refuses it), no lone surrogate (UTF-8 has none),
 * `details` as its JSON says it.
 */
function toStorable(entry: NewAuditEntry): NewAuditEntry {
  return {
    at: entry.at,
    actor: storable(entry.actor),
    role: storable(entry.role),
    via: storable(entry.via),
    action: storable(entry.action),
    service: storableOrNull(entry.service),
    target: storableOrNull(entry.target),
    result: entry.result,
    reason: storableOrNull(entry.reason),
    operationId: storableOrNull(entry.operationId),
    remote: storableOrNull(entry.remote),
    details:
      entry.details === null
        ? null
        : (JSON.parse(JSON.stringify(entry.details)) as NonNullable<NewAuditEntry['details']>),
  };
}

function storableOrNull(text: string | null): string | null {
  return text === null ? null : storable(text);
}

function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}
