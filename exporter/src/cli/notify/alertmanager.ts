import { parse } from 'yaml';
import type { Target } from '#generators/alertmanager';
import { fail, ok, type Outcome } from '../../contract/errors.ts';
import type { CliDeps } from '../deps.ts';
import { judgeAtTheEnd, judgeAttempts, readAttempts, targetName, type Attempts, type Delivery } from './delivery.ts';
import { request } from './http.ts';

const stepMs = 500;
/** After this Alertmanager ends the test, and tells so wherever resolutions are sent. */
const lastsMs = 60_000;

export interface TestRoute {
  readonly alertname: string;
  readonly receiverLabel: string;
  readonly runLabel: string;
}

export interface AlertmanagerTest {
  /** Base address of Alertmanager. */
  readonly url: string;
  readonly cluster: string;
  readonly receiver: string;
  readonly targets: readonly Target[];
  readonly route: TestRoute;
  readonly waitSeconds: number;
}

/**
 * Posts the test alert and watches Alertmanager's own counters for what became of it. An error means that nothing was sent:
 * Alertmanager does not answer, or does not run the generated routes, which alone lead the alert to that receiver.
 */
export async function testByAlertmanager(deps: CliDeps, test: AlertmanagerTest): Promise<Outcome<Delivery[]>> {
  const base = test.url.replace(/\/+$/, '');
  const name = `Alertmanager at ${new URL(base).host}`;
  const status = await request(deps.fetch, `${base}/api/v2/status`, name);
  if (!status.ok) return status;
  const running = runningConfig(status.value.status === 200 ? status.value.text : '');
  if (running === null) return fail('io_failed', `${name} answered ${status.value.status} without its configuration`);
  if (!hasRoute(running, test)) {
    const mend = 'run `genesis generate`, give it the files and reload it';
    return fail('io_failed', `${name} does not run the generated routes for ${test.receiver}: ${mend}`);
  }
  const before = await request(deps.fetch, `${base}/metrics`, name);
  if (!before.ok) return before;
  const posted = await request(deps.fetch, `${base}/api/v2/alerts`, name, [testAlert(deps, test)]);
  if (!posted.ok) return posted;
  if (posted.value.status !== 200)
    return fail('io_failed', `${name} answered ${posted.value.status} to the test alert`);
  return ok(await watch(deps, { test, running, base, name, before: before.value.text }));
}

function testAlert(deps: CliDeps, { cluster, receiver, route }: AlertmanagerTest): Record<string, unknown> {
  const now = deps.clock.now();
  return {
    labels: {
      alertname: route.alertname,
      cluster,
      severity: 'info',
      [route.receiverLabel]: receiver,
      [route.runLabel]: deps.random.hex(6),
    },
    annotations: testAnnotations(receiver),
    startsAt: now.toISOString(),
    endsAt: new Date(+now + lastsMs).toISOString(),
  };
}

/** The words of every test message, whichever way it goes. */
export function testAnnotations(receiver: string): { readonly summary: string; readonly description: string } {
  return {
    summary: 'Test message: nothing is wrong',
    description: `Somebody ran \`genesis notify test ${receiver}\` to see whether messages arrive. Nothing has to be done.`,
  };
}

interface Watch {
  readonly test: AlertmanagerTest;
  readonly running: RunningConfig;
  readonly base: string;
  readonly name: string;
  /** /metrics as it was before the alert. */
  readonly before: string;
}

async function watch(deps: CliDeps, { test, running, base, name, before }: Watch): Promise<Delivery[]> {
  const open = new Map(test.targets.map((target) => [target, readAttempts(before, target.kind)]));
  const done = new Map<Target, Delivery>();
  const settle = (target: Target, verdict: Pick<Delivery, 'state' | 'detail'>): void => {
    open.delete(target);
    done.set(target, { receiver: test.receiver, kind: target.kind, target: targetName(target), ...verdict });
  };
  for (const target of test.targets) {
    if (!hasIntegration(running, test.receiver, target.kind))
      settle(target, { state: 'not_tried', detail: `${name} runs without it: generate and reload` });
  }
  const { signal } = new AbortController();
  let waitedMs = 0;
  let page = before;
  while (open.size > 0) {
    const reply = await request(deps.fetch, `${base}/metrics`, name);
    if (reply.ok && reply.value.status === 200) page = reply.value.text;
    const last = waitedMs >= test.waitSeconds * 1000;
    for (const [target, earlier] of [...open]) {
      const verdict = judge(earlier, readAttempts(page, target.kind), last ? test.waitSeconds : null);
      if (verdict !== null) settle(target, verdict);
    }
    if (open.size > 0) await deps.clock.sleep(stepMs, signal);
    waitedMs += stepMs;
  }
  // As the receiver lists them, not as Alertmanager happened to reach them.
  return test.targets.flatMap((target) => done.get(target) ?? []);
}

function judge(
  before: Attempts | null,
  after: Attempts | null,
  waitedSeconds: number | null,
): Pick<Delivery, 'state' | 'detail'> | null {
  if (before === null || after === null)
    return { state: 'unknown', detail: 'Alertmanager took the alert, but has no counters for this kind' };
  return waitedSeconds === null ? judgeAttempts(before, after) : judgeAtTheEnd(before, after, waitedSeconds);
}

interface RunningRoute {
  readonly receiver?: unknown;
  readonly matchers?: unknown;
  readonly routes?: unknown;
}

interface RunningConfig {
  readonly route: RunningRoute;
  readonly receivers: readonly Readonly<Record<string, unknown>>[];
}

/** What Alertmanager says it runs; null when the answer is not its status. */
function runningConfig(status: string): RunningConfig | null {
  try {
    const { config } = JSON.parse(status) as { config: { original: string } };
    const running = parse(config.original) as Partial<RunningConfig> | null;
    return running?.route === undefined || !Array.isArray(running.receivers) ? null : (running as RunningConfig);
  } catch {
    return null; // something else than Alertmanager answers there
  }
}

function hasRoute(
  { route }: RunningConfig,
  { receiver, route: { alertname, receiverLabel } }: AlertmanagerTest,
): boolean {
  const wanted = [`alertname="${alertname}"`, `${receiverLabel}="${receiver}"`];
  const routes = Array.isArray(route.routes) ? (route.routes as readonly RunningRoute[]) : [];
  return routes.some(({ receiver: to, matchers }) => {
    const given = Array.isArray(matchers) ? matchers.map((matcher) => String(matcher).replaceAll(' ', '')) : [];
    return to === receiver && wanted.every((matcher) => given.includes(matcher));
  });
}

function hasIntegration({ receivers }: RunningConfig, receiver: string, kind: Target['kind']): boolean {
  return receivers.some((one) => one['name'] === receiver && Array.isArray(one[`${kind}_configs`]));
}
