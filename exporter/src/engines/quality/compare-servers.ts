import { fail, ok, type Outcome } from '../../contract/errors.ts';
import { compareWithMoving, unknownTable, type ComparedTable } from '../../core/quality/compare-table.ts';
import type { TableProfile } from '../../core/quality/profile.ts';
import { plainTable, type QualitySettings, type TableSettings } from '../../core/quality/settings.ts';
import { storedProfile } from '../../core/quality/sketch.ts';
import { withSession, type PgSession } from '../postgres/client.ts';
import type { PostgresServer } from '../postgres-target.ts';
import { largestTables, namedTables, type TableInfo } from './catalogue.ts';
import { horizonOf } from './horizon.ts';
import { profileTable, type SampleOptions, type TableLook } from './take-sample.ts';

export interface CompareRequest {
  /** The live server, or what an earlier comparison kept of it. */
  readonly source: PostgresServer | readonly TableProfile[];
  readonly restored: PostgresServer;
  /** Empty: the largest. */
  readonly tables: readonly TableSettings[];
  /** Schemas that are not data, e.g. that of the heartbeat. */
  readonly leftOut: readonly string[];
  readonly settings: QualitySettings;
  readonly sampleRows: number;
  readonly seed: number;
  readonly timeoutMs: number;
}

export interface Comparison {
  readonly tables: readonly ComparedTable[];
  /** To be stored, for a comparison without the source: of the source where it was asked … */
  readonly sourceProfiles: readonly TableProfile[];
  /** … and of the restored side. */
  readonly restoredProfiles: readonly TableProfile[];
  readonly findings: readonly string[];
}

/** Tables that are compared where none is named. */
const largest = 20;
const connectTimeoutMs = 10_000;
/** Longer than any lock of ordinary work; a comparison never stands in the way of a change of a table. */
const lockTimeoutMs = 5_000;

const sessionSettings = {
  default_transaction_read_only: 'on',
  lock_timeout: String(lockTimeoutMs),
  // One processor at most, and no time for compiling what runs once.
  max_parallel_workers_per_gather: '0',
  jit: 'off',
  // A policy would hide rows silently; now it is an error.
  row_security: 'off',
  search_path: 'pg_catalog',
};

/**
 * Compares tables one after the other, with one connection a side. A table that cannot be read has the score 0. Errors: those of
 * `connect`; `postgres_unreachable` and `cancelled` on the way; `check_failed`: there is no table.
 */
export async function compareServers(request: CompareRequest, signal: AbortSignal): Promise<Outcome<Comparison>> {
  const until = performance.now() + request.timeoutMs;
  const options: SampleOptions = {
    rows: request.sampleRows,
    seed: request.seed,
    horizon: null,
    remainingMs: () => until - performance.now(),
  };
  const connection = {
    statementTimeoutMs: request.timeoutMs,
    connectTimeoutMs,
    signal,
    applicationName: 'genesis quality',
    settings: sessionSettings,
  };
  return withSession(request.restored, connection, (restored) => {
    if (isStored(request.source)) return compareAll(storedSide(request.source), liveSide(restored, options), request);
    return withSession(request.source, connection, async (source) => {
      const horizon = await horizonOf(source, restored);
      if (!horizon.ok) return horizon;
      const moving = { ...options, horizon: horizon.value };
      return compareAll(liveSide(source, moving), liveSide(restored, options), request);
    });
  });
}

function isStored(source: CompareRequest['source']): source is readonly TableProfile[] {
  return Array.isArray(source);
}

/** Where profiles come from. */
interface Side {
  largest(leftOut: readonly string[]): Promise<Outcome<readonly string[]>>;
  /** Null: the table is not there. */
  look(settings: TableSettings): Promise<Looked>;
}

function liveSide(session: PgSession, options: SampleOptions): Side {
  const known = new Map<string, TableInfo>();
  return {
    async largest(leftOut) {
      const found = await largestTables(session, largest, leftOut);
      if (!found.ok) return found;
      for (const table of found.value) known.set(table.name, table);
      return ok(found.value.map((table) => table.name));
    },
    async look(settings) {
      let table = known.get(settings.name);
      if (table === undefined) {
        const named = await namedTables(session, [settings.name]);
        if (!named.ok) return named;
        table = named.value.get(settings.name);
      }
      return table === undefined ? ok(null) : profileTable(session, table, settings, options);
    },
  };
}

function storedSide(profiles: readonly TableProfile[]): Side {
  return {
    largest: () => Promise.resolve(ok(profiles.map((profile) => profile.name))),
    look: ({ name }) => {
      const whole = profiles.find((profile) => profile.name === name);
      return Promise.resolve(ok(whole === undefined ? null : { whole, kept: null, keptRows: null }));
    },
  };
}

async function compareAll(source: Side, restored: Side, request: CompareRequest): Promise<Outcome<Comparison>> {
  const tables = await tablesOf(source, restored, request);
  if (!tables.ok) return tables;
  if (tables.value.length === 0) return fail('check_failed', 'there is no table to compare');
  const done = {
    tables: [] as ComparedTable[],
    sourceProfiles: [] as TableProfile[],
    restoredProfiles: [] as TableProfile[],
  };
  const younger: string[] = [];
  for (const table of tables.value) {
    // The restored side first: what is lost is known without a word to the live one.
    const now = await restored.look(table);
    if (!now.ok && isFatal(now)) return now;
    const before = await source.look(table);
    if (!before.ok && isFatal(before)) return before;
    if (before.ok && before.value !== null) done.sourceProfiles.push(storedProfile(before.value.whole));
    if (now.ok && now.value !== null) done.restoredProfiles.push(storedProfile(now.value.whole));
    if (now.ok && now.value === null && before.ok && before.value?.keptRows === 0) younger.push(table.name);
    else done.tables.push(compareOne(table, before, now, request.settings));
  }
  if (done.tables.length === 0) return fail('check_failed', 'every table is younger than the restored data');
  const findings =
    request.tables.length === 0 ? [`no table is named: the largest were compared (${done.tables.length})`] : [];
  if (younger.length > 0) findings.push(`younger than the restored data: ${younger.join(', ')}`);
  return ok({ ...done, findings });
}

/** Without names: those of the source, so that a table that is gone from the restored side is missed. */
async function tablesOf(
  source: Side,
  restored: Side,
  { tables, leftOut }: CompareRequest,
): Promise<Outcome<readonly TableSettings[]>> {
  if (tables.length > 0) return ok(tables);
  const known = await restored.largest(leftOut);
  if (!known.ok) return known;
  const names = await source.largest(leftOut);
  return names.ok ? ok(names.value.map(plainTable)) : names;
}

type Looked = Outcome<TableLook | null>;

/** Without a connection nothing further can be known; every other failure is one of this table. */
function isFatal(looked: Looked & { readonly ok: false }): boolean {
  return looked.error.code === 'cancelled' || looked.error.code === 'postgres_unreachable';
}

function compareOne(table: TableSettings, before: Looked, now: Looked, settings: QualitySettings): ComparedTable {
  if (!now.ok) return unknownTable(table.name, `the restored table cannot be read: ${now.error.message}`);
  if (!before.ok) return unknownTable(table.name, `the table of the source cannot be read: ${before.error.message}`);
  if (now.value === null && before.value === null)
    return unknownTable(table.name, 'neither side has a table of this name that can be read without another server');
  if (now.value === null) return unknownTable(table.name, 'the table is missing in the restored data');
  if (before.value === null) return unknownTable(table.name, 'the source has no such table');
  return compareWithMoving(before.value, now.value.whole, table, settings);
}
