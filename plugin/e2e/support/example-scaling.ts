import type { Page, Route } from 'playwright-core';
import type { Reply, Service } from '../../src/api/types.ts';
import type { Backtest, Decision, Instance, Scaling, ScalingSummary } from '../../src/lib/scaling-api.ts';
import {
  ago,
  calmForecast,
  decisionWith,
  historyOf,
  instanceWith,
  loadOf,
  metrics,
  minute,
  second,
  voteWith,
} from './example-scaling-parts.ts';
import { backtestOf, endedScale, planOf, policyText, previewOf, runningScale } from './example-scaling-replies.ts';

/**
 * Services that are scaled, put into the replies of a real exporter, so that the page can be looked at in every state: the exporter's own
 * one is well and has a forecast, `checkout` is at its limits and held back, `queue` is frozen without its metrics, `reports` only observes,
 * `search` waits for a person, `ranking` belongs to an HPA, `mail` rests after failures, `legacy` has instances that nobody can see.
 */

const readyFour: readonly Instance[] = [
  instanceWith('worker-1', { load: 12 }),
  instanceWith('worker-2', { load: 9 }),
  instanceWith('worker-3', { load: 14, protectedBy: 'backup_20261122_025500_0a1b2c3d runs on it' }),
  instanceWith('worker-4', { load: 7, startedAt: ago(50 * minute) }),
];

const calmDecision = decisionWith({
  current: 4,
  desired: 4,
  proposed: 4,
  votes: [
    voteWith('requests', 402, 'stay', 4, 'between the bounds of 75 and 120 for each of 4 instances'),
    voteWith('cpu', 0.54, 'stay', 4, 'between 30 % and 70 %'),
    voteWith('response', 0.31, 'down', 3, 'below 1 s'),
  ],
  predicted: 4,
  limits: ['hysteresis'],
  reasons: ['the values lie between their bounds, 4 instances carry the load', 'the forecast needs 4 in 5 minutes'],
  costPerHour: 0.48,
});

/** All is well; it has forecast, history, cost. */
export const calm: Scaling = {
  engine: 'process',
  mode: 'auto',
  fleet: { instances: [...readyFour], wanted: 4, ownedBy: null },
  problem: null,
  min: 2,
  max: 10,
  desired: 4,
  metrics,
  readings: {
    requests: { known: true, at: ago(20 * second), value: 402 },
    cpu: { known: true, at: ago(20 * second), value: 0.54 },
    response: { known: true, at: ago(20 * second), value: 0.31 },
  },
  decision: calmDecision,
  frozenSince: null,
  forecast: calmForecast(),
  advice: 'stay',
  pause: null,
  override: null,
  cost: { currency: 'EUR', perHour: 0.48, ceilingPerHour: 1, soFar: 61.32, since: ago(8 * 24 * 60 * minute) },
  lastUpAt: ago(200 * minute),
  lastDownAt: ago(80 * minute),
  history: historyOf(),
  decisions: [
    calmDecision,
    decisionWith({
      at: ago(80 * minute),
      action: 'scale_down',
      current: 5,
      desired: 4,
      proposed: 4,
      act: true,
      reasons: ['2 of 3 metrics want fewer', 'worker-5 is the least loaded'],
      costPerHour: 0.48,
      remove: ['worker-5'],
    }),
    decisionWith({
      at: ago(200 * minute),
      action: 'scale_up',
      current: 3,
      desired: 5,
      proposed: 5,
      act: true,
      reasons: ['requests want 5'],
      costPerHour: 0.6,
    }),
  ],
  warnings: [],
};

/** The metrics want more than anything allows; one instance does not get ready; somebody changed the policy here. */
export const limited: Scaling = {
  ...calm,
  fleet: {
    instances: [
      ...Array.from({ length: 9 }, (_, index) => instanceWith(`worker-${index + 1}`, { load: 31 + index })),
      instanceWith('worker-10', {
        state: 'unready',
        load: null,
        startedAt: ago(90 * second),
        detail: 'GET /health answers 503: the cache is not filled yet',
      }),
      instanceWith('worker-11', { state: 'draining', load: 2, detail: '2 connections are open, 12 s are left' }),
    ],
    wanted: 10,
    ownedBy: null,
  },
  desired: 10,
  decision: decisionWith({
    current: 9,
    desired: 10,
    proposed: 14,
    page: true,
    votes: [
      voteWith('requests', 1_730, 'up', 14, '1,730 is 192 for each of 9 instances, 120 are aimed at'),
      voteWith('cpu', 0.93, 'up', 12, '93 % is over 70 % for 6 evaluations'),
      voteWith('response', 2.4, 'up', 11, '2.4 s is over 2 s'),
    ],
    predicted: 13,
    limits: ['max', 'cost_ceiling', 'warm_up', 'cooldown'],
    reasons: ['3 metrics want more, up to 14', 'the policy allows 10 and they are set already'],
    costPerHour: 1.2,
  }),
  override: { by: 'Ada Lovelace (ada)', at: ago(3 * 60 * minute), reason: 'sale until Monday' },
  cost: { currency: 'EUR', perHour: 1.2, ceilingPerHour: 1.2, soFar: 88.1, since: ago(8 * 24 * 60 * minute) },
  lastUpAt: ago(2 * minute),
  warnings: ['it has stood at its maximum for 14 minutes', 'worker-10 has not got ready for 90 s'],
};

/** Prometheus is gone: nothing is done until its values are back. */
export const frozen: Scaling = {
  ...calm,
  readings: {
    requests: { known: false, at: ago(20 * second), why: 'unreachable', detail: 'http://prometheus:9090 refuses' },
    cpu: { known: false, at: ago(20 * second), why: 'stale', detail: 'the newest value is 10 min 4 s old' },
    response: null,
  },
  decision: decisionWith({
    action: 'freeze',
    current: 4,
    desired: 4,
    proposed: null,
    page: true,
    votes: [
      voteWith('requests', 'unreachable', 'unknown', null, 'its source cannot be reached'),
      voteWith('cpu', 'stale', 'unknown', null, 'the newest value is 10 min 4 s old'),
      voteWith('response', 'missing', 'unknown', null, 'nothing was read'),
    ],
    limits: ['frozen', 'missing_metrics'],
    reasons: ['3 evaluations in a row lacked values', 'nothing is removed on absence'],
    costPerHour: 0.48,
  }),
  frozenSince: ago(11 * minute),
  forecast: { known: false, metric: 'requests', why: '21 h of history, 24 h are needed' },
  advice: null,
  pause: {
    by: 'Grace Hopper (grace)',
    reason: 'Prometheus is being moved',
    since: ago(20 * minute),
    until: new Date(Date.parse(ago(0)) + 40 * minute).toISOString(),
  },
  cost: null,
};

const wouldAdd: Decision = decisionWith({
  action: 'scale_up',
  current: 2,
  desired: 4,
  proposed: 4,
  votes: [voteWith('requests', 470, 'up', 4, '470 is 235 for each of 2 instances, 120 are aimed at')],
  limits: ['mode'],
  reasons: ['requests want 4', 'mode observe: nothing is done'],
  costPerHour: 0.48,
});

/** It only says what it would do; no history of its own yet. */
export const observing: Scaling = {
  ...calm,
  engine: 'docker',
  mode: 'observe',
  fleet: { instances: [instanceWith('reports.1'), instanceWith('reports.2')], wanted: 2, ownedBy: null },
  desired: 2,
  metrics: metrics.slice(0, 1),
  readings: { requests: { known: true, at: ago(20 * second), value: 470 } },
  decision: wouldAdd,
  forecast: null,
  advice: null,
  cost: null,
  lastUpAt: null,
  lastDownAt: null,
  history: [],
  decisions: [wouldAdd],
};

const proposal: Decision = { ...wouldAdd, limits: ['mode'], reasons: ['requests want 4', 'a person decides'] };

/** It proposes and waits. */
export const waiting: Scaling = {
  ...observing,
  engine: 'kubernetes',
  mode: 'manual',
  fleet: {
    instances: [instanceWith('search-7c9d-x2x8q', { load: null }), instanceWith('search-7c9d-z77lm', { load: null })],
    wanted: 2,
    ownedBy: null,
  },
  decision: proposal,
  decisions: [proposal],
};

const leftAlone: Decision = { ...wouldAdd, limits: ['owned'], reasons: ['requests want 4', 'another one decides'] };

/** An HPA owns the number, and Genesis is not to touch that. */
export const owned: Scaling = {
  ...waiting,
  mode: 'auto',
  fleet: { instances: waiting.fleet?.instances ?? [], wanted: 2, ownedBy: 'HorizontalPodAutoscaler ranking' },
  decision: leftAlone,
  decisions: [leftAlone],
};

const cannotAdd: Decision = {
  ...wouldAdd,
  current: 0,
  desired: 1,
  proposed: 1,
  limits: ['breaker'],
  reasons: ['0 is below 1, the fewest allowed', 'the circuit breaker of the service is open'],
};

/** No worker gets ready, time after time, and it rests. */
export const broken: Scaling = {
  ...observing,
  engine: 'process',
  mode: 'auto',
  fleet: { instances: [], wanted: null, ownedBy: null },
  desired: 0,
  min: 1,
  decision: cannotAdd,
  decisions: [cannotAdd],
};

/** Nobody can see the instances, and nothing was decided. */
export const unseen: Scaling = {
  ...observing,
  engine: 'command',
  mode: 'auto',
  fleet: null,
  problem: 'the program that lists the instances ended with code 7: permission denied',
  desired: null,
  decision: null,
  decisions: [],
  readings: { requests: null },
};

const others: Readonly<Record<string, Scaling>> = {
  checkout: limited,
  queue: frozen,
  reports: observing,
  search: waiting,
  ranking: owned,
  mail: broken,
  legacy: unseen,
};

/** What a test sees of the requests that are not plain reads. */
export interface Asked {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface ShowOptions {
  /** Nothing scales. */
  readonly none?: boolean;
  /** Milliseconds that a backtest takes; default 300. */
  readonly backtestMs?: number;
}

const prefix = '**/api/plugin-proxy/genesis-dr-app';

/** From now on the page sees services that are scaled. `asked` fills with what it asks to be done or tried, dry runs too. */
export async function showScaling(page: Page, options: ShowOptions = {}): Promise<{ readonly asked: Asked[] }> {
  const asked: Asked[] = [];
  await page.route(`${prefix}/read/services`, (route) => answerServices(route, options.none === true));
  await page.route(`${prefix}/read/services/*/scaling`, (route) => {
    const service = segment(route, -2);
    return route.fulfill({ json: { service, scaling: others[service] ?? calm, policy: policyText } });
  });
  await page.route(`${prefix}/read/services/*/scaling/history*`, (route) => {
    const service = segment(route, -3);
    return route.fulfill({ json: { service, items: (others[service] ?? calm).history } });
  });
  await page.route(`${prefix}/read/services/*/scaling/load*`, (route) => {
    const hours = Number(new URL(route.request().url()).searchParams.get('hours') ?? '24');
    return route.fulfill({ json: loadOf(hours, segment(route, -3)) });
  });
  await page.route(`${prefix}/read/operations*`, answerOperations);
  await page.route(`${prefix}/read/operations/scale_*`, (route) => {
    const found = [runningScale, endedScale].find(({ id }) => id === segment(route, -1));
    return found === undefined ? route.fallback() : route.fulfill({ json: found });
  });
  const perform = async (route: Route): Promise<void> => {
    const path = new URL(route.request().url()).pathname.replace(/^.*genesis-dr-app\//, '');
    const body = (route.request().postDataJSON() ?? {}) as Record<string, unknown>;
    asked.push({ path, body });
    if (path.endsWith('/backtest')) await page.waitForTimeout(options.backtestMs ?? 300);
    // A page that gave the answer up meanwhile takes none.
    await route.fulfill(replyTo(path, body)).catch(() => undefined);
  };
  for (const path of ['scaling', 'scaling/*', 'scaling/policy/*'])
    await page.route(`${prefix}/{operate,admin}/services/*/${path}`, perform);
  return { asked };
}

function segment(route: Route, index: number): string {
  return decodeURIComponent(new URL(route.request().url()).pathname.split('/').at(index) ?? '');
}

async function answerServices(route: Route, none: boolean): Promise<void> {
  const reply = await route.fetch();
  const body = (await reply.json()) as Reply<'listServices'>;
  const [own] = body.items;
  if (own === undefined) return route.fulfill({ response: reply });
  const named = (service: Service, facts: Scaling | null): Service => ({
    ...service,
    scaling: facts === null ? null : summaryOf(facts),
  });
  const items = none
    ? body.items.map((service) => named(service, null))
    : [
        ...body.items.map((service) => named(service, calm)),
        ...Object.entries(others).map(([name, facts]) => named({ ...own, name }, facts)),
      ];
  await route.fulfill({ response: reply, json: { ...body, items } });
}

function summaryOf(facts: Scaling): ScalingSummary {
  const { engine, mode, fleet, problem, min, max, desired, metrics: all, readings, decision, frozenSince } = facts;
  const { pause, cost, forecast } = facts;
  return {
    ...{ engine, mode, fleet, problem, min, max, desired, metrics: all, readings, decision, frozenSince, pause, cost },
    at: ago(20 * second),
    intervalSeconds: 30,
    forecast:
      forecast !== null && forecast.known
        ? { metric: forecast.metric, model: forecast.model, error: forecast.error }
        : null,
    last: facts.history[0] ?? null,
  };
}

async function answerOperations(route: Route): Promise<void> {
  const query = new URL(route.request().url()).searchParams;
  if (query.get('active') !== 'true' || query.get('service') !== runningScale.service) return route.fallback();
  await route.fulfill({ json: { items: [runningScale], next: null } });
}

function replyTo(path: string, body: Readonly<Record<string, unknown>>): { status?: number; json: unknown } {
  const [, , service = '', , ...rest] = path.split('/').map(decodeURIComponent);
  const what = rest.join('/');
  if (what === '') {
    const desired = Number(body['desired']);
    if (body['dryRun'] === true) return { json: planOf(service, others[service] ?? calm, desired) };
    return { status: 202, json: { ...endedScale, state: 'running', endedAt: null, result: null } };
  }
  if (what === 'policy/preview') return { json: previewOf(String(body['policy']), others[service] ?? calm) };
  if (what === 'backtest') {
    const reply: Backtest = backtestOf(String(body['from']), String(body['to']), body['policy'] !== undefined);
    return { json: reply };
  }
  if (what.startsWith('policy')) return { json: { service, override: null } };
  return { json: { service } };
}
