import { fail, ok, type Outcome } from '../../contract/errors.ts';
import { playbookIssues, type PlaybookFacts, type ServicePlaybooks } from '../../contract/playbooks.ts';
import type { ServiceConfig } from '../../config/schema.ts';
import { mayFailOver, playbooks, runsLastHour, whyHeld } from '../../core/playbooks.ts';
import type { AppCore } from '../app-core.ts';
import { runOf, runsOf } from './history.ts';
import { hookOf, missingOf } from './sight.ts';

const shownRuns = 10;

/** Errors: `service_unknown`. */
export async function readPlaybooks(core: AppCore, name: string): Promise<Outcome<ServicePlaybooks>> {
  const service = core.state.loaded.config.services.find((one) => one.name === name);
  if (service === undefined) return fail('service_unknown', `no service is called ${name}`);
  const { deps } = core;
  const operations = await runsOf(deps, name);
  const now = deps.clock.now();
  const begun = operations.map(({ createdAt }) => createdAt);
  const { mode, max_per_hour: maxPerHour } = service.playbooks;
  return ok({
    service: name,
    mode,
    maxPerHour,
    runsLastHour: runsLastHour(begun, now),
    held: whyHeld(begun, { maxPerHour }, now),
    issues: core.playbooks.issues(service),
    playbooks: playbookIssues.map((issue): PlaybookFacts => ({
      issue,
      actions: playbooks[issue].actions.map((one) => {
        const missing = missingOf(service, one.action);
        return { ...one, configured: missing === null, how: missing ?? howOf(service, one.action) };
      }),
      destructive: mayFailOver(playbooks[issue]),
      lastRuns: operations
        .filter(({ params }) => params['issue'] === issue)
        .slice(0, shownRuns)
        .map(runOf),
    })),
  });
}

/** The program only: arguments may be long, and are nobody's business. */
function howOf(service: ServiceConfig, action: PlaybookFacts['actions'][number]['action']): string {
  const hook = hookOf(service, action);
  return hook === null ? 'Genesis itself' : `runs ${hook.command[0] ?? ''}`;
}
