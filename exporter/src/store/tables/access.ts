import { sql, type Kysely } from 'kysely';
import { OpError } from '../../contract/errors.ts';
import type { IsoTime } from '../../contract/observed.ts';
import type { FactStore, PauseStore, TokenRow, TokenStore } from '../port.ts';
import type { Schema, TokenTableRow } from '../schema.ts';

/** A token's last use is written at most this often: a durable write for every request would be the slowest part of it. */
const touchEveryMs = 60_000;

export function createTokenStore(db: Kysely<Schema>): TokenStore {
  return {
    add: (token) => addToken(db, token),
    async byHash(hash) {
      const row = await db.selectFrom('tokens').selectAll().where('hash', '=', hash).executeTakeFirst();
      return row === undefined ? null : toToken(row);
    },
    async list() {
      const rows = await db.selectFrom('tokens').selectAll().orderBy('created_at').orderBy('id').execute();
      return rows.map(toToken);
    },
    async revoke(id, at) {
      const { numUpdatedRows } = await db
        .updateTable('tokens')
        .set({ revoked_at: at, live_name: null })
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .executeTakeFirstOrThrow();
      return numUpdatedRows > 0n;
    },
    async touch(id, at) {
      const olderThan: IsoTime = new Date(Date.parse(at) - touchEveryMs).toISOString();
      await db
        .updateTable('tokens')
        .set({ last_used_at: at })
        .where('id', '=', id)
        .where((eb) => eb.or([eb('last_used_at', 'is', null), eb('last_used_at', '<=', olderThan)]))
        .execute();
    },
  };
}

async function addToken(db: Kysely<Schema>, token: TokenRow): Promise<void> {
  const inserted = await db.transaction().execute(async (transaction) => {
    // An expired token gives its name back.
    await transaction
      .updateTable('tokens')
      .set({ live_name: null })
      .where('live_name', '=', token.name)
      .where('expires_at', '<=', token.createdAt)
      .execute();
    return transaction
      .insertInto('tokens')
      .values(toRow(token))
      .onConflict((conflict) => conflict.column('live_name').doNothing())
      .returning('id')
      .executeTakeFirst();
  });
  if (inserted === undefined) {
    throw new OpError('bad_request', `a live token named ${token.name} exists; revoke it first or choose another name`);
  }
}

function toRow(token: TokenRow): TokenTableRow {
  return {
    id: token.id,
    name: token.name,
    live_name: token.revokedAt === null ? token.name : null,
    role: token.role,
    hash: token.hash,
    created_at: token.createdAt,
    created_by: token.createdBy,
    expires_at: token.expiresAt,
    last_used_at: token.lastUsedAt,
    revoked_at: token.revokedAt,
  };
}

function toToken(row: TokenTableRow): TokenRow {
  return {
    id: row.id,
    name: row.name,
    role: row.role as TokenRow['role'],
    hash: row.hash,
    createdAt: row.created_at,
    createdBy: row.created_by,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
  };
}

export function createPauseStore(db: Kysely<Schema>): PauseStore {
  return {
    async set(pause) {
      const fields = {
        paused_by: pause.by,
        reason: pause.reason,
        paused_since: pause.since,
        paused_until: pause.until,
      };
      await db
        .insertInto('pauses')
        .values({ service: pause.service, ...fields })
        .onConflict((conflict) => conflict.column('service').doUpdateSet(fields))
        .execute();
    },
    async clear(service) {
      await db.deleteFrom('pauses').where('service', '=', service).execute();
    },
    async list() {
      const rows = await db.selectFrom('pauses').selectAll().orderBy('service').execute();
      return rows.map((row) => ({
        service: row.service,
        by: row.paused_by,
        reason: row.reason,
        since: row.paused_since,
        until: row.paused_until,
      }));
    },
  };
}

export function createFactStore(db: Kysely<Schema>): FactStore {
  return {
    async get(name) {
      const row = await db.selectFrom('facts').select('value').where('name', '=', name).executeTakeFirst();
      return row?.value ?? null;
    },
    async set(name, value) {
      await db
        .insertInto('facts')
        .values({ name, value })
        .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
        .execute();
    },
    async list(prefix) {
      // Not LIKE: SQLite's ignores case, PostgreSQL's does not, and both give % and _ a meaning. Lengths in characters.
      const length = [...prefix].length;
      const rows = await db
        .selectFrom('facts')
        .selectAll()
        .where((eb) => eb(sql<string>`substr(${eb.ref('name')}, 1, ${eb.lit(length)})`, '=', prefix))
        .execute();
      // Sorted here: the order of text is the database's own.
      return rows.sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    async remove(name) {
      await db.deleteFrom('facts').where('name', '=', name).execute();
    },
  };
}
