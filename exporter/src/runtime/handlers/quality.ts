import { fail, ok, type Outcome } from '../../contract/errors.ts';
import type { PostgresServer } from '../../engines/postgres-target.ts';
import type { OperationRequest } from '../app.ts';
import type { Handler, HandlerDeps } from '../handler.ts';
import { compareQuality } from '../quality.ts';

type QualityAsk = Extract<OperationRequest, { kind: 'quality' }>;
type Database = QualityAsk['restored'];

/** Only servers of the configuration: a request brings neither address nor password. */
async function serverOf(deps: HandlerDeps, { service, database }: Database): Promise<Outcome<PostgresServer>> {
  const found = await deps.service(service);
  if (!found.ok) return found;
  const { postgres } = found.value;
  if (postgres === null) return fail('bad_request', `${service} names no PostgreSQL server`);
  return ok({ ...postgres, database });
}

const inWords = ({ service, database }: Database): string => `${database} of ${service}`;

/** Compares two databases of configured servers, such as a masked copy with what it was made of. Reads only. */
export function createQualityHandler(deps: HandlerDeps): Handler<QualityAsk> {
  const sourceWords = (request: QualityAsk): string =>
    request.source === null ? `what quality.against of ${request.service} says` : inWords(request.source);
  return {
    serviceOf: async ({ service }) => {
      const found = await deps.service(service);
      return found.ok ? ok(found.value.config.name) : found;
    },
    plan: async (request) => {
      for (const database of [request.restored, request.source]) {
        const server = database === null ? null : await serverOf(deps, database);
        if (server?.ok === false) return server;
      }
      return ok({
        steps: [`compare samples of ${inWords(request.restored)} with ${sourceWords(request)}`, 'keep the report'],
        blockers: [],
        warnings: [],
        facts: { restored: request.restored, source: request.source },
        consequences: {
          stops: [],
          bytes: null,
          atStake: [],
          wayBack: 'nothing is changed: both databases are only read',
          isLike: () => true,
        },
      });
    },
    run: async (request, _operation, tools) => {
      const service = await deps.service(request.service);
      if (!service.ok) return service;
      const restored = await serverOf(deps, request.restored);
      if (!restored.ok) return restored;
      const source = request.source === null ? ok(null) : await serverOf(deps, request.source);
      if (!source.ok) return source;
      const report = await tools.step('compare', async (note) => {
        const pair = { source: source.value, restored: restored.value, drillId: null };
        const made = await compareQuality(deps, service.value, pair, tools.signal);
        if (made.ok) note(`score ${made.value.score.toFixed(3)} over ${made.value.tables.length} table(s)`);
        return made;
      });
      if (!report.ok) return report;
      const { id, score, privacyRisk, divergence } = report.value;
      return ok({ qualityId: id, score, privacyRisk, divergence });
    },
    recover: async () => ({ state: 'interrupted', left: 'nothing: comparing only reads' }),
  };
}
