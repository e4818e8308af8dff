import type { ServiceConfig } from '../config/index.ts';
import { fail, ok, type Outcome } from '../contract/errors.ts';
import type { AutomationPause } from '../contract/failover.ts';
import type { AppCore } from './app-core.ts';
import type { RequestOptions } from './app.ts';
import { audited } from './changes.ts';
import type { Memory } from './memory.ts';
import { publish } from './publish.ts';

/** What Genesis does to a service by itself, each configured in the section of this name. */
type Section = 'failover' | 'scaling';

/** Errors: `service_unknown`; `not_configured` where the service has no such section. */
export function sectionOf<S extends Section>(
  core: AppCore,
  service: string,
  section: S,
): Outcome<NonNullable<ServiceConfig[S]>> {
  const found = core.state.loaded.config.services.find(({ name }) => name === service);
  if (found === undefined) return fail('service_unknown', `no service is called ${service}`);
  const settings = found[section];
  if (settings === null) return fail('not_configured', `${service} has no section ${section} in genesis.yaml`);
  return ok(settings);
}

interface Pauses {
  /** `seconds` from now. Errors: those of `sectionOf`; `reason_required`. */
  pause(core: AppCore, service: string, seconds: number, options: RequestOptions): Promise<Outcome<AutomationPause>>;
  /** `resumed` is false where no pause was open. */
  resume(core: AppCore, service: string, options: RequestOptions): Promise<Outcome<{ readonly resumed: boolean }>>;
}

/** Pause and resume of one automation: kept where it keeps the rest, audited by its own names. */
export function pausesOf<T extends { readonly pause: AutomationPause | null }>(
  section: Section,
  actions: { readonly pause: string; readonly resume: string },
  memoryOf: (core: AppCore) => Memory<T>,
): Pauses {
  const keep = async (core: AppCore, service: string, pause: AutomationPause | null): Promise<T> => {
    const memory = memoryOf(core);
    await memory.load([service]);
    const before = memory.of(service);
    await memory.change(service, (kept) => ({ ...kept, pause }));
    await publish(core);
    return before;
  };
  return {
    pause(core, service, seconds, options) {
      const now = core.deps.clock.now();
      const until = new Date(+now + seconds * 1000).toISOString();
      return audited(core, actions.pause, options, { service, details: { until } }, async () => {
        const configured = sectionOf(core, service, section);
        if (!configured.ok) return configured;
        if (options.reason === null) return fail('reason_required', 'a pause of the automation needs a reason');
        const pause = { by: options.actor.name, reason: options.reason, since: now.toISOString(), until };
        await keep(core, service, pause);
        return ok(pause);
      });
    },
    resume(core, service, options) {
      return audited(core, actions.resume, options, { service }, async () => {
        const configured = sectionOf(core, service, section);
        if (!configured.ok) return configured;
        const now = core.deps.clock.now();
        const { pause } = await keep(core, service, null);
        return ok({ resumed: pause !== null && Date.parse(pause.until) > +now });
      });
    },
  };
}
