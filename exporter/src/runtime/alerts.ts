import { ok } from '../contract/errors.ts';
import { unknownReading } from '../contract/sla.ts';
import type { AlertReply, AlertsReply } from '../contract/page-replies.ts';
import type { Reading } from '../contract/sla.ts';
import { alertsFilter, readAlerts } from '../core/active-alerts.ts';
import type { HttpFetch } from '../ports/index.ts';
import type { App } from './app.ts';
import type { AppCore } from './app-core.ts';
import { fetchAs } from './outbound.ts';
import { readBounded, reasonOf } from './read-bounded.ts';

type Alerts = Reading<readonly AlertReply[]>;

const timeoutMs = 5000;
const longestAnswerBytes = 8 * 1024 * 1024;
/** Many open pages ask at the same moment; an answer this young is that of all of them. */
const shareMs = 2000;

/** The alerts that Alertmanager holds. A silent or unreadable one is unknown with its reason, never "none". */
export function createAlertReader(core: AppCore): App['alerts'] {
  const { deps, state } = core;
  const fetch = fetchAs(
    () => state.loaded.config.alertmanager,
    deps.fetch,
    (ref) => state.loaded.resolveSecret(ref),
  );
  let last: { readonly source: string; readonly atMs: number; readonly answer: Promise<Alerts> } | null = null;
  return async (service) => {
    const { alertmanager, cluster } = state.loaded.config;
    const source = alertmanager.url;
    const nowMs = +deps.clock.now();
    if (last === null || last.source !== source || nowMs - last.atMs >= shareMs || nowMs < last.atMs)
      last = { source, atMs: nowMs, answer: ask(fetch, source, cluster, core.stopping.signal) };
    const { atMs, answer } = last;
    const alerts = await answer;
    return ok({
      at: new Date(atMs).toISOString(),
      source,
      alerts: alerts.known ? { known: true, value: ofService(alerts.value, service) } : alerts,
    } satisfies AlertsReply);
  };
}

/** An alert without the label `service` concerns all of them: the exporter itself, the machine. */
function ofService(alerts: readonly AlertReply[], service: string | null): AlertReply[] {
  return alerts.filter((alert) => service === null || alert.service === null || alert.service === service);
}

async function ask(fetch: HttpFetch, source: string, cluster: string, stopping: AbortSignal): Promise<Alerts> {
  const late = AbortSignal.timeout(timeoutMs);
  const query = new URLSearchParams({ filter: alertsFilter });
  try {
    const response = await fetch(`${source.replace(/\/+$/, '')}/api/v2/alerts?${query.toString()}`, {
      headers: { accept: 'application/json' },
      redirect: 'manual',
      signal: AbortSignal.any([late, stopping]),
    });
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel();
      return unknownReading(
        'refused',
        `alertmanager.url leads elsewhere (status ${response.status}); redirects are not followed`,
      );
    }
    const text = await readBounded(response, longestAnswerBytes);
    if (text === null)
      return unknownReading('too_large', `Alertmanager answered more than ${longestAnswerBytes} bytes`);
    return readAlerts(response.status, text, cluster);
  } catch (thrown) {
    if (late.aborted) return unknownReading('timeout', `Alertmanager did not answer within ${timeoutMs / 1000} s`);
    return unknownReading('unreachable', `Alertmanager cannot be reached at ${source}: ${reasonOf(thrown)}`);
  }
}
