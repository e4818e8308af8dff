import { toOpError, ok, type Outcome } from '../../contract/errors.ts';
import type {
  ChangeAlertBody,
  Dashboard,
  DashboardMetric,
  DashboardMetricQuery,
  DashboardQuery,
  LiveAlert,
  LiveFacts,
  NewAlertBody,
} from '../../contract/live.ts';
import type { Snapshot } from '../../contract/snapshot.ts';
import type { Config } from '../../config/schema.ts';
import type { Clock, Log } from '../../ports/index.ts';
import type { LiveAlertStore } from '../../store/port.ts';
import type { AlertNotice } from '../../core/alerting.ts';
import { createLiveAlerts, type LiveAlerts } from './alerts.ts';
import { createRing, type Ring } from './ring.ts';
import type { ReadSamples } from './samples.ts';
import { dashboardNumbers, metricNumbers, metricsOf, viewOf } from './view.ts';

const maxSleepMs = 1000;
/** As far back as a question may reach. */
const reachMs = 24 * 3_600_000;
/** A series that was silent for so long gives its place to others when there is no room. */
const silentMs = 10 * 60_000;
const keptDashboards = 50;

export interface LiveDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: LiveAlertStore;
  /** Absent where nobody asks: a command that runs without a server. */
  readonly readSamples?: ReadSamples;
  config(): Config;
  snapshot(): Snapshot | null;
  notify(notice: AlertNotice, alert: LiveAlert): void;
  /** The state of an alert changed: the metrics page should show it now. */
  changed(): Promise<void>;
}

/** Figures of the last hours in memory, and the alerts that watch them. */
export interface Live {
  load(): Promise<void>;
  /** Records and evaluates what is due now. */
  turn(): Promise<void>;
  /** One turn after the other until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Errors: `aggregation_unknown`, `bad_request`. */
  dashboard(query: DashboardQuery): Promise<Outcome<Dashboard>>;
  /** Errors: `aggregation_unknown`, `bad_request`, `metric_unknown`. */
  metric(name: string, query: DashboardMetricQuery): Promise<Outcome<DashboardMetric>>;
  readonly alerts: Pick<LiveAlerts, 'list'> & {
    create(id: string, body: NewAlertBody, by: string): Promise<Outcome<LiveAlert>>;
    change(id: string, body: ChangeAlertBody): Promise<Outcome<LiveAlert>>;
    remove(id: string): Promise<Outcome<LiveAlert>>;
  };
  /** Dashboards that are connected, for the metric and the bound. */
  readonly clients: { count: number };
  facts(): LiveFacts;
}

interface LiveState {
  readonly deps: LiveDeps;
  readonly ring: Ring;
  readonly alerts: LiveAlerts;
  readonly clients: { count: number };
  sampledMs: number | null;
  /** At first the start: one reading right after it is no mean. */
  evaluatedMs: number;
}

export function createLive(deps: LiveDeps): Live {
  const ring = createRing(() => {
    const { series, points, memory } = deps.config().live;
    return { series, points, memoryBytes: memory };
  });
  const alerts = createLiveAlerts({ ...deps, ring, config: () => deps.config().live });
  const state: LiveState = {
    deps,
    ring,
    alerts,
    clients: { count: 0 },
    sampledMs: null,
    evaluatedMs: +deps.clock.now(),
  };
  const changing = async (outcome: Outcome<LiveAlert>): Promise<Outcome<LiveAlert>> => {
    if (outcome.ok) await deps.changed();
    return outcome;
  };
  return {
    load: () => alerts.load(),
    turn: () => turn(state),
    run: (signal) => run(state, signal),
    dashboard: createDashboard(state),
    metric: async (name, query) => {
      const view = viewOf(query);
      return view.ok ? metricNumbers(ring, name, query, view.value, deps.clock.now()) : view;
    },
    alerts: {
      list: () => alerts.list(),
      create: async (id, body, by) => changing(await alerts.create(id, body, by)),
      change: async (id, body) => changing(await alerts.change(id, body)),
      remove: async (id) => changing(await alerts.remove(id)),
    },
    clients: state.clients,
    facts: () => factsOf(state),
  };
}

function factsOf({ ring, alerts, clients, sampledMs }: LiveState): LiveFacts {
  return {
    ...ring.facts(),
    lastSampleMs: sampledMs,
    clients: clients.count,
    alerts: alerts.list().map(({ id, metric, severity, active, state }) => ({
      id,
      metric,
      severity,
      // What fired stays told while its data are missing; what did not fire is not known to be fine.
      active: state === 'unknown' && !active ? null : active,
    })),
  };
}

/** The numbers of one question are the same until something new was recorded: many clients ask the same at every push. */
function createDashboard(state: LiveState): Live['dashboard'] {
  const { deps, ring, alerts } = state;
  type Numbers = Awaited<ReturnType<typeof dashboardNumbers>>;
  const kept = new Map<string, { readonly sampledMs: number | null; readonly numbers: Promise<Numbers> }>();
  return async (query) => {
    const view = viewOf(query);
    if (!view.ok) return view;
    const names = metricsOf(query);
    if (!names.ok) return names;
    const key = JSON.stringify([names.value, view.value]);
    let found = kept.get(key);
    if (found === undefined || found.sampledMs !== state.sampledMs) {
      const numbers = dashboardNumbers(ring, names.value, view.value, deps.clock.now());
      found = { sampledMs: state.sampledMs, numbers };
      kept.delete(key);
      const oldest = kept.keys().next();
      if (kept.size >= keptDashboards && oldest.done !== true) kept.delete(oldest.value);
      kept.set(key, found);
    }
    const numbers = await found.numbers;
    const all = alerts.list();
    const active = all.filter((alert) => alert.active);
    return ok({
      at: deps.clock.now().toISOString(),
      ...numbers,
      alerts: { active, total: all.length, active_count: active.length },
    });
  };
}

async function run(state: LiveState, signal: AbortSignal): Promise<void> {
  const { clock, log } = state.deps;
  while (!signal.aborted) {
    const { dr_interval, alert_interval } = state.deps.config().collectors;
    await turn(state).catch((thrown: unknown) =>
      log.error('live data could not be recorded', { error: toOpError(thrown).message }),
    );
    await clock.sleep(Math.min(maxSleepMs, dr_interval * 1000, alert_interval * 1000), signal);
  }
}

/** Records and evaluates what is due. A clock that was set back makes it due, too. */
async function turn(state: LiveState): Promise<void> {
  const { deps } = state;
  const { dr_interval, alert_interval } = deps.config().collectors;
  const due = (lastMs: number | null, seconds: number): boolean =>
    lastMs === null || Math.abs(+deps.clock.now() - lastMs) >= seconds * 1000;
  if (due(state.sampledMs, dr_interval)) await sample(state);
  if (!due(state.evaluatedMs, alert_interval)) return;
  state.evaluatedMs = +deps.clock.now();
  if (await state.alerts.evaluate()) await deps.changed();
}

async function sample(state: LiveState): Promise<void> {
  const { deps, ring } = state;
  const snapshot = deps.snapshot();
  if (snapshot === null || deps.readSamples === undefined) return;
  const now = deps.clock.now();
  ring.forget(+now - (ring.isFull() ? silentMs : reachMs));
  await deps.readSamples(
    snapshot,
    now,
    (family) => ring.hasRoomFor(family),
    (family, labels, atMs, value) => ring.record(family, labels, atMs, value),
  );
  state.sampledMs = +now;
}
