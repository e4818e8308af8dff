import type { Router } from 'express';
import { fail, ok, type Outcome } from '../../contract/errors.ts';
import { unknownReading, type SlaAnswers } from '../../contract/sla.ts';
import { slaAnswers, slaReport } from '../../core/sla.ts';
import type { App } from '../../runtime/app.ts';
import { orThrow, sendJson } from '../access.ts';
import { parseAs, readQuery } from '../body.ts';
import { labelRoute, type ServerContext } from '../context.ts';
import { admit } from '../gate.ts';
import { snapshotOf } from '../routes/call.ts';
import { systemRoutes } from '../system-routes.ts';

/** This form has no history: nobody waits for Prometheus. */
const notAsked = unknownReading('not_configured', 'Prometheus was not asked');

function answersOf(app: App, service: string | undefined): Outcome<SlaAnswers> {
  const snapshot = snapshotOf(app);
  if (!snapshot.ok) return snapshot;
  const { services } = snapshot.value;
  const asked = services.filter(({ name }) => service === undefined || name === service);
  if (service !== undefined && asked.length === 0)
    return fail('service_unknown', 'no service of this name is configured');
  return ok(slaAnswers(slaReport(snapshot.value, asked, notAsked, app.clock.now())));
}

/** Endpoints under the names of the documents that Genesis grew from; behind the same gate as every action. */
export function addDocumentedRoutes(router: Router, context: ServerContext): void {
  const { path, roles, query } = systemRoutes.documentedSla;
  router.get(path, async (request, response) => {
    labelRoute(response, path);
    orThrow(await admit(context, request, response, { action: 'sla', roles }));
    const { service } = parseAs(query, readQuery(request, query), 'query');
    sendJson(response, 200, orThrow(answersOf(context.app, service)));
  });
}
