import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Config } from '../../config/schema.ts';
import { fail, ok, toOpError, type Outcome } from '../../contract/errors.ts';
import type { ChangeAlertBody, LiveAlert, NewAlertBody } from '../../contract/live.ts';
import { metricCatalogue } from '../../contract/metrics/index.ts';
import {
  decideAlert,
  neverEvaluated,
  type AlertDecision,
  type AlertDefinition,
  type AlertMemory,
  type AlertNotice,
  type AlertReading,
} from '../../core/alerting.ts';
import type { Clock, Log } from '../../ports/index.ts';
import type { LiveAlertStore } from '../../store/port.ts';
import { recordedFamily } from './families.ts';
import type { Ring } from './ring.ts';
import { labelsOf } from './samples.ts';
import { meanOf } from './view.ts';

export interface AlertsDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: LiveAlertStore;
  readonly ring: Ring;
  config(): Config['live'];
  /** Told of every change of state. */
  notify(notice: AlertNotice, alert: LiveAlert): void;
}

/** Alerts that are defined while the program runs: few, kept in memory, every change on the disk before it counts. */
export interface LiveAlerts {
  load(): Promise<void>;
  list(): readonly LiveAlert[];
  /** Errors: `alerts_exhausted`, `metric_unknown`, `bad_request`. */
  create(id: string, body: NewAlertBody, by: string): Promise<Outcome<LiveAlert>>;
  /** Errors: `alert_unknown`, `metric_unknown`, `bad_request`. */
  change(id: string, body: ChangeAlertBody): Promise<Outcome<LiveAlert>>;
  /** Errors: `alert_unknown`. */
  remove(id: string): Promise<Outcome<LiveAlert>>;
  /** Compares every alert with what was recorded; whether a state changed. */
  evaluate(): Promise<boolean>;
}

interface Entry {
  readonly definition: AlertDefinition;
  memory: AlertMemory;
  decision: AlertDecision | null;
  evaluatedAt: string | null;
}

interface Alerts {
  readonly deps: AlertsDeps;
  readonly entries: Map<string, Entry>;
}

export function createLiveAlerts(deps: AlertsDeps): LiveAlerts {
  const alerts: Alerts = { deps, entries: new Map() };
  const { entries } = alerts;
  return {
    async load() {
      entries.clear();
      for (const { definition, memory } of await deps.store.list())
        entries.set(definition.id, { definition, memory, decision: null, evaluatedAt: null });
    },
    list: () => [...entries.values()].map(shown),
    async create(id, body, by) {
      const limit = deps.config().alerts;
      if (entries.size >= limit) return fail('alerts_exhausted', `${limit} alerts are defined already`);
      const refused = whyRefused(body.metric, body.tags);
      if (refused !== null) return refused;
      const createdAt = deps.clock.now().toISOString();
      return keep(alerts, { ...body, id, createdAt, createdBy: by }, neverEvaluated);
    },
    async change(id, body) {
      const entry = entries.get(id);
      if (entry === undefined) return unknownAlert();
      const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
      const definition: AlertDefinition = { ...entry.definition, ...given };
      const refused = whyRefused(definition.metric, definition.tags);
      if (refused !== null) return refused;
      return keep(alerts, definition, asksTheSame(entry.definition, definition) ? entry.memory : neverEvaluated);
    },
    async remove(id) {
      const entry = entries.get(id);
      if (entry === undefined) return unknownAlert();
      await deps.store.remove(id);
      entries.delete(id);
      return ok(shown(entry));
    },
    async evaluate() {
      let changed = false;
      for (const entry of [...entries.values()]) {
        // Changed or removed while another one was evaluated: the new one has its own state.
        if (entries.get(entry.definition.id) === entry && (await evaluateOne(deps, entry))) changed = true;
        await nextTurn();
      }
      return changed;
    },
  };
}

/** Puts the alert on the disk and evaluates it for the first time. */
async function keep(
  { deps, entries }: Alerts,
  definition: AlertDefinition,
  memory: AlertMemory,
): Promise<Outcome<LiveAlert>> {
  const before = entries.get(definition.id);
  const entry: Entry = { definition, memory, decision: null, evaluatedAt: null };
  // Its place is taken before the disk is waited for: two requests at once must not both be the last that fits.
  entries.set(definition.id, entry);
  try {
    await deps.store.put({ definition, memory });
  } catch (thrown) {
    if (before === undefined) entries.delete(definition.id);
    else entries.set(definition.id, before);
    throw thrown;
  }
  await evaluateOne(deps, entry);
  return ok(shown(entry));
}

function readingsOf(deps: AlertsDeps, { metric, tags }: AlertDefinition, now: Date): AlertReading[] {
  const family = recordedFamily(metric);
  if (family === null) return [];
  const fromMs = +now - deps.config().alert_window * 1000;
  return deps.ring.select(family, tags).flatMap((series) => {
    const value = meanOf(series, fromMs, +now);
    return value === null ? [] : [{ series: series.text, value }];
  });
}

/** Whether its state changed. */
async function evaluateOne(deps: AlertsDeps, entry: Entry): Promise<boolean> {
  const now = deps.clock.now();
  const { changes, window } = deps.config().flapping;
  const before = entry.memory;
  const stateBefore = entry.decision?.state;
  const policy = { changes, windowMs: window * 1000 };
  const decision = decideAlert(entry.definition, before, readingsOf(deps, entry.definition, now), policy, now);
  Object.assign(entry, { decision, memory: decision.memory, evaluatedAt: now.toISOString() });
  if (decision.notice !== null) tell(deps, decision.notice, shown(entry));
  if (JSON.stringify(before) !== JSON.stringify(decision.memory)) {
    // What could not be kept is decided anew after a restart; the alert itself must not wait for the disk.
    await deps.store.remember(entry.definition.id, decision.memory).catch((thrown: unknown) =>
      deps.log.error('the state of a run-time alert could not be kept', {
        alert: entry.definition.id,
        error: toOpError(thrown).message,
      }),
    );
  }
  return stateBefore !== decision.state || decision.notice !== null;
}

function unknownAlert(): Outcome<never> {
  return fail('alert_unknown', 'no alert has this id');
}

function whyRefused(metric: string, tags: Readonly<Record<string, string>>): Outcome<never> | null {
  const family = recordedFamily(metric);
  if (family === null) return fail('metric_unknown', 'no gauge or counter of this name is recorded');
  const labels: readonly string[] = metricCatalogue[family].labels;
  const wrong = Object.keys(tags).filter((tag) => tag === 'cluster' || !labels.includes(tag));
  if (wrong.length === 0) return null;
  const known = labels.filter((label) => label !== 'cluster');
  const has = known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`;
  return fail('bad_request', `${family} has no label ${wrong.join(', ')}; ${has}`);
}

/** Only then does what is remembered still tell something about it. */
function asksTheSame(a: AlertDefinition, b: AlertDefinition): boolean {
  const question = ({ metric, condition, threshold, tags }: AlertDefinition): string =>
    JSON.stringify([metric, condition, threshold, Object.entries(tags).sort()]);
  return question(a) === question(b);
}

function tell(deps: AlertsDeps, notice: AlertNotice, alert: LiveAlert): void {
  const { id, metric, condition, severity, message, value, why } = alert;
  const data = { alert: id, metric, condition, severity, text: message, value, why };
  if (notice === 'resolved') deps.log.info('a run-time alert is resolved', data);
  else if (notice === 'flapping') deps.log.warn('a run-time alert flaps', data);
  else deps.log.warn('a run-time alert fires', data);
  deps.notify(notice, alert);
}

function shown({ definition, memory, decision, evaluatedAt }: Entry): LiveAlert {
  const { id, metric, condition, threshold, tags, severity, message, createdAt, createdBy } = definition;
  return {
    id,
    metric,
    condition: `${condition} ${threshold}`,
    operator: condition,
    threshold,
    tags,
    severity,
    message,
    state: decision?.state ?? 'unknown',
    active: memory.active,
    why: decision?.why ?? 'not evaluated since the program started',
    value: decision?.reading?.value ?? null,
    series: decision?.reading === undefined || decision.reading === null ? null : labelsOf(decision.reading.series),
    flapping: memory.flapping,
    triggered_at: memory.triggeredAt,
    resolved_at: memory.resolvedAt,
    evaluated_at: evaluatedAt,
    created_at: createdAt,
    created_by: createdBy,
  };
}
