import { z } from 'zod';
import type { AlertReply } from '../contract/page-replies.ts';
import { knownReading, unknownReading, type Reading } from '../contract/sla.ts';

/** Alerts as Alertmanager's API v2 tells them. Pure. */

const Held = z.object({
  fingerprint: z.string(),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  startsAt: z.string(),
  updatedAt: z.string(),
  status: z.object({
    state: z.enum(['unprocessed', 'active', 'suppressed']),
    silencedBy: z.array(z.string()),
    inhibitedBy: z.array(z.string()),
  }),
});

/** Every alert of the generated rules has this label. */
export const alertsFilter = 'system="genesis-dr"';
const ranks: Readonly<Record<string, number>> = { critical: 0, warning: 1, info: 2 };
/** Of the heartbeat, which always fires and reaches nobody. */
const heartbeat = 'none';

function rankOf(severity: string): number {
  return ranks[severity] ?? 3;
}

/** Addresses come from rules that others may have changed: only what a link may be is passed on. */
function link(text: string | undefined): string | null {
  return text !== undefined && /^https?:\/\//i.test(text) && URL.canParse(text) ? text : null;
}

function toAlert({ fingerprint, labels, annotations, startsAt, updatedAt, status }: z.infer<typeof Held>): AlertReply {
  return {
    fingerprint,
    name: labels['alertname'] ?? '',
    severity: labels['severity'] ?? 'unknown',
    service: labels['service'] ?? null,
    component: labels['component'] ?? null,
    state: status.state === 'suppressed' ? 'suppressed' : 'active',
    silenced: status.silencedBy.length > 0,
    inhibited: status.inhibitedBy.length > 0,
    summary: annotations['summary'] ?? null,
    description: annotations['description'] ?? null,
    startsAt: iso(startsAt),
    updatedAt: iso(updatedAt),
    links: {
      runbook: link(annotations['runbook_url']),
      dashboard: link(annotations['dashboard_url']),
      page: link(annotations['plugin_url']),
    },
  };
}

/** Alertmanager writes its own zone; ours are in UTC with milliseconds. */
function iso(time: string): string {
  const at = new Date(time);
  return Number.isNaN(+at) ? time : at.toISOString();
}

/**
 * The alerts of this cluster, critical ones first, then the oldest. The heartbeat, which always fires, is left out.
 * Unknown: `refused` (status), `malformed`.
 */
export function readAlerts(status: number, text: string, cluster: string): Reading<readonly AlertReply[]> {
  if (status !== 200) return unknownReading('refused', `Alertmanager answered ${status}`);
  const parsed = z.array(Held).safeParse(parseJson(text));
  if (!parsed.success)
    return unknownReading('malformed', 'Alertmanager answered something else: another program may listen there');
  const own = parsed.data.filter(
    ({ labels }) => labels['severity'] !== heartbeat && (labels['cluster'] ?? cluster) === cluster,
  );
  const alerts = own.map(toAlert);
  return knownReading(
    alerts.sort((a, b) => rankOf(a.severity) - rankOf(b.severity) || a.startsAt.localeCompare(b.startsAt)),
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no schema takes it: said there
  }
}
