import { fail, ok, type Outcome } from '../contract/errors.ts';
import type { Reading, SlaReport } from '../contract/sla.ts';
import type { PromSample } from '../core/prometheus-answer.ts';
import { burnQuery, slaQuery, slaReport } from '../core/sla.ts';
import type { App } from './app.ts';
import type { AppCore } from './app-core.ts';
import { fetchAs } from './outbound.ts';
import { createPrometheusClient } from './prometheus.ts';

type Answer = Reading<readonly PromSample[]>;

/** Current values from the snapshot, history from Prometheus where it is configured and answers. */
export function createSlaReader(core: AppCore): App['sla'] {
  const { deps, state } = core;
  const settings = () => state.loaded.config.prometheus;
  const fetch = fetchAs(settings, deps.fetch, (ref) => state.loaded.resolveSecret(ref));
  const prometheus = createPrometheusClient(settings, fetch);
  const ask = shared((query) => prometheus.instant(query, core.stopping.signal));
  return async (service): Promise<Outcome<SlaReport>> => {
    const { snapshot } = state;
    if (snapshot === null)
      return fail('not_ready', 'nothing has been observed yet', { retryable: true, details: { retryAfterSeconds: 2 } });
    const services = snapshot.services.filter(({ name }) => service === null || name === service);
    if (service !== null && services.length === 0) return fail('service_unknown', `no service is called ${service}`);
    const { cluster } = snapshot;
    const [answer, burns] = await Promise.all([ask(slaQuery(cluster, service)), ask(burnQuery(cluster, service))]);
    return ok(slaReport(snapshot, services, answer, deps.clock.now(), burns));
  };
}

/** Callers that ask the same at the same time share one query, so that many open pages do not load Prometheus. */
function shared(ask: (query: string) => Promise<Answer>): (query: string) => Promise<Answer> {
  const asking = new Map<string, Promise<Answer>>();
  return (query) => {
    const known = asking.get(query);
    if (known !== undefined) return known;
    const answer = ask(query).finally(() => asking.delete(query));
    asking.set(query, answer);
    return answer;
  };
}
