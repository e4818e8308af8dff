import type { Kysely } from 'kysely';
import type { QualityReport, QualitySummary } from '../../contract/quality.ts';
import type { TableProfile } from '../../core/quality/profile.ts';
import { decodeCursor, pageLimit, toPage } from '../page.ts';
import type { QualityStore } from '../port.ts';
import type { Schema } from '../schema.ts';

/** More than a year of daily drills. */
const keptReports = 400;
const order = '-at';

export function createQualityStore(db: Kysely<Schema>): QualityStore {
  return {
    async put(report) {
      const fields = {
        service: report.service,
        at: report.at,
        summary: JSON.stringify(summaryOf(report)),
        report: JSON.stringify(report),
      };
      await db
        .insertInto('quality_reports')
        .values({ id: report.id, ...fields })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(fields))
        .execute();
      await removeOld(db, report.service);
    },
    async get(id) {
      const row = await db.selectFrom('quality_reports').select('report').where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : (JSON.parse(row.report) as QualityReport);
    },
    async list(filter) {
      const limit = pageLimit(filter.limit);
      const after = decodeCursor(order, filter.cursor);
      let query = db.selectFrom('quality_reports').select(['id', 'at', 'report']);
      if (filter.service !== undefined) query = query.where('service', '=', filter.service);
      if (after !== null) {
        const at = String(after.value);
        query = query.where((eb) => eb.or([eb('at', '<', at), eb.and([eb('at', '=', at), eb('id', '<', after.id)])]));
      }
      const rows = await query
        .orderBy('at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit + 1)
        .execute();
      return toPage(
        rows,
        limit,
        order,
        (row) => ({ value: row.at, id: row.id }),
        (row) => JSON.parse(row.report) as QualityReport,
      );
    },
    latest: (service) => latestOf(db, service),
    async setProfile(service, reportId, tables) {
      const fields = { report_id: reportId, profile: JSON.stringify(tables) };
      await db
        .insertInto('quality_profiles')
        .values({ service, ...fields })
        .onConflict((conflict) => conflict.column('service').doUpdateSet(fields))
        .execute();
    },
    async profile(service) {
      const row = await db
        .selectFrom('quality_profiles')
        .select('profile')
        .where('service', '=', service)
        .executeTakeFirst();
      return row === undefined ? null : (JSON.parse(row.profile) as readonly TableProfile[]);
    },
  };
}

async function latestOf(db: Kysely<Schema>, service: string): Promise<QualitySummary | null> {
  const row = await db
    .selectFrom('quality_reports')
    .select('summary')
    .where('service', '=', service)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : (JSON.parse(row.summary) as QualitySummary);
}

function summaryOf(report: QualityReport): QualitySummary {
  return {
    ...report,
    tables: report.tables.map(({ name, score, divergence, privacyRisk }) => ({ name, score, divergence, privacyRisk })),
  };
}

async function removeOld(db: Kysely<Schema>, service: string): Promise<void> {
  const oldest = await db
    .selectFrom('quality_reports')
    .select('at')
    .where('service', '=', service)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .offset(keptReports)
    .limit(1)
    .executeTakeFirst();
  if (oldest === undefined) return;
  await db.deleteFrom('quality_reports').where('service', '=', service).where('at', '<=', oldest.at).execute();
}
