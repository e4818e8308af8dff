import { fail, ok, type Outcome } from '../../contract/errors.ts';
import type { IsoTime } from '../../contract/observed.ts';
import type { RecoveryTarget } from '../../contract/postgres.ts';
import type { ProofSettings } from '../backup/product.ts';
import type { PostgresServer } from '../postgres-target.ts';
import { withSession, type PgSession } from './client.ts';
import { calmly } from './sandbox-session.ts';
import { quoteIdentifier, quoteQualified } from './types.ts';

/** Level 4: whether the data is there and as fresh as it has to be. */

/** The row that Genesis itself writes on the primary. */
export const heartbeatCanary = { database: null, table: 'genesis.heartbeat', column: 'at' } as const;

export interface DataInput {
  readonly server: PostgresServer;
  readonly settings: ProofSettings;
  readonly target: RecoveryTarget;
  /** The moment that the restored state should stand for; null: nobody knows, and the level fails. */
  readonly standsFor: IsoTime | null;
  /** Unix milliseconds by the clock of this machine. */
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/** Clocks of two machines may differ by so much; a row from further ahead was written while a clock was wrong. */
const clockSkewMs = 60_000;

export interface DataFindings {
  readonly passed: boolean;
  readonly detail: string;
  /** Newest moment of the canary; null: none. */
  readonly newest: IsoTime | null;
}

interface Finding {
  readonly good: boolean;
  readonly text: string;
}

/** Errors: `cancelled`; everything else that goes wrong is a finding. */
export async function checkData(input: DataInput): Promise<Outcome<DataFindings>> {
  const { settings, server } = input;
  const canary = settings.canary ?? heartbeatCanary;
  let newest: IsoTime | null = null;
  const findings: Finding[] = [];
  const inDatabase = async (
    name: string | null,
    what: string,
    work: (s: PgSession) => Promise<Finding>,
  ): Promise<void> => {
    if (input.signal.aborted) return;
    const options = calmly(input.signal, settings.statementTimeoutSeconds * 1000, name ?? server.database);
    const finding = await withSession(server, options, async (session) => ok(await work(session)));
    findings.push(finding.ok ? finding.value : { good: false, text: `${what}: ${finding.error.message}` });
  };
  await inDatabase(canary.database, `canary ${canary.table}`, async (session) => {
    const found = await newestOf(session, canary.table, canary.column);
    if (!found.ok) return { good: false, text: `canary ${canary.table}.${canary.column}: ${found.error.message}` };
    newest = found.value;
    return judgeCanary(canary.table, found.value, input);
  });
  for (const table of settings.tables)
    await inDatabase(null, `table ${table.name}`, (session) => checkTable(session, table));
  for (const assertion of settings.assertions)
    await inDatabase(assertion.database, `assertion ${assertion.name}`, (session) =>
      checkAssertion(session, assertion),
    );
  if (input.signal.aborted) return fail('cancelled', 'the check of the data was cancelled');
  const bad = findings.filter((f) => !f.good);
  return ok({
    passed: bad.length === 0,
    // What is wrong comes first.
    detail: [...bad, ...findings.filter((f) => f.good)].map((f) => f.text).join('; '),
    newest,
  });
}

async function newestOf(session: PgSession, table: string, column: string): Promise<Outcome<IsoTime | null>> {
  const rows = await session.query<{ newest: string | null }>(
    `SELECT pg_catalog.max(${quoteIdentifier(column)})::timestamptz AS newest FROM ${quoteQualified(table)}`,
  );
  return rows.ok ? ok(rows.value[0]?.newest ?? null) : rows;
}

/** Whether the newest row of the canary fits the moment that was restored. Pure. */
export function judgeCanary(
  table: string,
  newest: IsoTime | null,
  o: Pick<DataInput, 'target' | 'standsFor' | 'nowMs'> & { readonly settings: Pick<ProofSettings, 'maxAgeSeconds'> },
): Finding {
  if (newest === null) return { good: false, text: `canary ${table}: it has no row` };
  const newestMs = Date.parse(newest);
  if (o.standsFor === null || Number.isNaN(newestMs))
    return {
      good: false,
      text: `canary ${table}: newest row ${newest}, and nobody knows what moment it has to be compared with`,
    };
  const ageSeconds = (Date.parse(o.standsFor) - newestMs) / 1000;
  const seen = `canary ${table}: newest row ${newest}, ${age(ageSeconds)} ${o.standsFor}`;
  // After a clock has jumped ahead and back such a row would make whatever is restored look fresh until the clock gets there again.
  if (newestMs > o.nowMs + clockSkewMs)
    return { good: false, text: `${seen}: it is from the future, a clock was wrong, and how old it is nobody knows` };
  if (o.target.type === 'time' && ageSeconds < 0)
    return { good: false, text: `${seen}: it is newer than the recovery target` };
  if (ageSeconds > o.settings.maxAgeSeconds)
    return { good: false, text: `${seen}: older than the ${o.settings.maxAgeSeconds} s allowed` };
  return { good: true, text: seen };
}

function age(seconds: number): string {
  return seconds < 0 ? `${(-seconds).toFixed(1)} s after` : `${seconds.toFixed(1)} s before`;
}

async function checkTable(session: PgSession, table: ProofSettings['tables'][number]): Promise<Finding> {
  const name = quoteQualified(table.name);
  const there = await session.query<{ there: boolean }>('SELECT pg_catalog.to_regclass($1) IS NOT NULL AS there', [
    name,
  ]);
  if (!there.ok) return { good: false, text: `table ${table.name}: ${there.error.message}` };
  if (there.value[0]?.there !== true) return { good: false, text: `table ${table.name} is missing` };
  if (table.minRows === 0) return { good: true, text: `table ${table.name} is there` };
  // No further than has to be: tables are large.
  const counted = await session.query<{ rows: string }>(
    `SELECT pg_catalog.count(*) AS rows FROM (SELECT 1 FROM ${name} LIMIT $1) AS first_rows`,
    [table.minRows],
  );
  if (!counted.ok) return { good: false, text: `table ${table.name}: ${counted.error.message}` };
  const rows = Number(counted.value[0]?.rows ?? 0);
  return rows >= table.minRows
    ? { good: true, text: `table ${table.name} has at least ${table.minRows} rows` }
    : { good: false, text: `table ${table.name} has ${rows} rows, at least ${table.minRows} are expected` };
}

async function checkAssertion(session: PgSession, assertion: ProofSettings['assertions'][number]): Promise<Finding> {
  const begun = await session.query('BEGIN TRANSACTION READ ONLY');
  // One statement only: the transaction cannot be left from within.
  const rows = begun.ok ? await session.query<Record<string, unknown>>(assertion.sql, []) : begun;
  await session.query('ROLLBACK');
  if (!rows.ok) return { good: false, text: `assertion ${assertion.name}: ${rows.error.message}` };
  if (rows.value.length !== 1)
    return { good: false, text: `assertion ${assertion.name}: ${rows.value.length} rows instead of one` };
  const value = Object.values(rows.value[0] ?? {})[0];
  return value === true
    ? { good: true, text: `assertion ${assertion.name} is true` }
    : { good: false, text: `assertion ${assertion.name} is ${JSON.stringify(value ?? null)}, not true` };
}
