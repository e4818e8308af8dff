import type { Reply } from '../api/types.ts';
import { formatByUnit } from './format.ts';
import { choiceParam, textParam } from './url-state.ts';
import {
  alertConditions,
  alertSeverities,
  maxAlertMessageLength,
  type AlertCondition,
  type AlertSeverity,
} from '@genesis-dr/exporter/contract/client';

/** What a person typed to define an alert, and the request that it becomes. The exporter checks all of it again. */

export type LiveAlert = Reply<'listRuntimeAlerts'>['alerts'][number];

export interface AlertDraft {
  readonly metric: string;
  readonly condition: AlertCondition;
  /** As typed. */
  readonly threshold: string;
  readonly severity: AlertSeverity;
  readonly message: string;
  /** `name=value`, several separated by commas. */
  readonly tags: string;
}

export interface AlertBody {
  readonly metric: string;
  readonly condition: AlertCondition;
  readonly threshold: number;
  readonly severity: AlertSeverity;
  readonly message: string;
  readonly tags: Record<string, string>;
}

export type AlertFault = 'metric' | 'threshold' | 'message' | 'tags';
export type AlertRequest =
  { readonly body: AlertBody } | { readonly body: null; readonly faults: readonly AlertFault[] };

export const alertParams = {
  state: choiceParam(['active', 'inactive', 'resolved', 'unknown']),
  q: textParam(),
} as const;

export const emptyAlert: AlertDraft = {
  metric: '',
  condition: '>',
  threshold: '',
  severity: 'warning',
  message: '',
  tags: '',
};

export const maxTags = 8;
export { alertConditions, alertSeverities, maxAlertMessageLength };

export function draftOf(alert: LiveAlert): AlertDraft {
  return {
    metric: alert.metric,
    condition: alert.operator,
    threshold: String(alert.threshold),
    severity: alert.severity,
    message: alert.message,
    tags: Object.entries(alert.tags)
      .map(([name, value]) => `${name}=${value}`)
      .join(', '),
  };
}

/** The bounds are those of the contract, which only the exporter has at run time. */
export function alertRequest(draft: AlertDraft): AlertRequest {
  const tags = tagsOf(draft.tags);
  const threshold = Number(draft.threshold.trim().replace(',', '.'));
  const message = draft.message.trim();
  const faults: AlertFault[] = [];
  if (!/^[a-z][a-z0-9_]{0,99}$/.test(draft.metric)) faults.push('metric');
  if (draft.threshold.trim() === '' || !Number.isFinite(threshold)) faults.push('threshold');
  if (message.length > maxAlertMessageLength || !printable.test(message)) faults.push('message');
  if (tags === null) faults.push('tags');
  if (faults.length > 0 || tags === null) return { body: null, faults };
  const { metric, condition, severity } = draft;
  return { body: { metric, condition, threshold, severity, message, tags } };
}

/** What differs from the alert as it stands: only that is sent, because a changed threshold begins its state anew. */
export function alertChange(before: LiveAlert, body: AlertBody): Partial<AlertBody> {
  const was = alertRequest(draftOf(before)).body;
  const keys = Object.keys(body) as (keyof AlertBody)[];
  return Object.fromEntries(
    keys.filter((key) => JSON.stringify(was?.[key]) !== JSON.stringify(body[key])).map((key) => [key, body[key]]),
  );
}

const printable = /^[^\p{Cc}\p{Cf}]*$/u;

/** Null: one of them is not `name=value`, or there are too many. */
function tagsOf(text: string): Record<string, string> | null {
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const pairs = parts.map((part) => /^([a-z][a-z0-9_]{0,39})\s*=\s*(\S.{0,99})$/.exec(part));
  if (pairs.length > maxTags || pairs.some((pair) => pair === null || !printable.test(pair[2] ?? ''))) return null;
  return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? '', pair?.[2] ?? '']));
}

/** The unit that a metric's name ends with; a moment has none, and a counter is watched as its rate a second. */
function unitOf(metric: string): string {
  const [, unit = '', total] = /_(seconds|bytes|ratio)(_total)?$/.exec(metric) ?? [];
  if (metric.endsWith('_timestamp_seconds')) return '';
  return total === undefined ? unit : `${unit}_per_second`;
}

/** `> 1 h`: what the figure is compared with, with its unit. */
export function conditionText({ metric, operator, threshold }: LiveAlert): string {
  return `${operator} ${formatByUnit(threshold, unitOf(metric))}`;
}

/** Those that need somebody first, then what is not known, then the quiet ones by name. */
export function sortAlerts(alerts: readonly LiveAlert[]): readonly LiveAlert[] {
  const states = ['active', 'unknown', 'resolved', 'inactive'];
  const rank = ({ state, severity }: LiveAlert): number =>
    states.indexOf(state) * 10 - alertSeverities.indexOf(severity);
  return [...alerts].sort((a, b) => rank(a) - rank(b) || a.metric.localeCompare(b.metric) || a.id.localeCompare(b.id));
}

export function matchingAlerts(
  alerts: readonly LiveAlert[],
  filter: { readonly state: string; readonly q: string },
): readonly LiveAlert[] {
  const part = filter.q.trim().toLowerCase();
  return sortAlerts(
    alerts.filter(
      (alert) =>
        (filter.state === '' || alert.state === filter.state) &&
        (part === '' || `${alert.metric} ${alert.message} ${alert.created_by}`.toLowerCase().includes(part)),
    ),
  );
}
