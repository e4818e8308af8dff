import type { Operation, PlanReply } from '../../src/api/types.ts';
import type { Backtest, BacktestRun, Preview, Scaling } from '../../src/lib/scaling-api.ts';
import { ago, decisionWith, minute, second } from './example-scaling-parts.ts';

/** What the exporter would answer to what the page asks to be done or tried. */

export const policyText = `mode: auto
min: 2
max: 10
interval: 30s
cooldown:
  up: 5m
  down: 10m
metrics:
  - name: requests
    kind: query
    query: sum(rate(http_requests_total{service="shop"}[1m]))
    scales: total
    target: 100
    up: 120
    down: 75
  - { name: cpu, kind: cpu, source: own, target: 0.6 }
  - { name: response, kind: response_time, source: own }
predictive:
  mode: scale_out
  metric: requests
cost:
  instance_hour: 0.12
  currency: EUR
  ceiling_per_hour: 1
`;

function step(name: string, from: number, to: number | null, detail: string | null = null): Operation['steps'][number] {
  return {
    name,
    state: to === null ? 'running' : 'succeeded',
    startedAt: ago(from),
    endedAt: to === null ? null : ago(to),
    detail,
  };
}

export const runningScale: Operation = {
  id: 'scale_20261122_030102_9c1b2a3d',
  kind: 'scale',
  service: 'checkout',
  params: { before: 9, desired: 10 },
  actor: { name: 'genesis', role: 'system', via: 'schedule' },
  reason: 'requests want 14',
  idempotencyKey: null,
  state: 'running',
  createdAt: ago(100 * second),
  startedAt: ago(95 * second),
  endedAt: null,
  steps: [
    step('look at the instances', 95 * second, 94 * second, '9 ready, 9 wanted'),
    step('start instances', 94 * second, 90 * second, 'worker-10 at 127.0.0.1:9110'),
    step('wait until they are ready', 90 * second, null),
  ],
  progress: null,
  result: null,
  error: null,
};

/** How the one ends that a test starts. */
export const endedScale: Operation = {
  ...runningScale,
  id: 'scale_20261122_030500_5e6f7a8b',
  service: 'shop',
  actor: { name: 'Ada Lovelace (ada)', role: 'operator', via: 'grafana' },
  reason: 'sale at noon',
  state: 'succeeded',
  endedAt: ago(70 * second),
  steps: [
    step('look at the instances', 95 * second, 94 * second, '4 ready, 4 wanted'),
    step('start instances', 94 * second, 90 * second, 'worker-5 at 127.0.0.1:9105'),
    step('wait until they are ready', 90 * second, 72 * second, 'worker-5 answers, 5 are ready'),
    step('add them at the load balancer', 72 * second, 70 * second, 'worker-5 is up in backend web'),
  ],
  result: { before: 4, wanted: 5, after: 5, rolledBack: false },
};

/** What a dry run answers; outside of the bounds it is refused. */
export function planOf(service: string, facts: Scaling, desired: number): PlanReply {
  const current = facts.desired ?? 0;
  const isFewer = desired < current;
  const names = (facts.fleet?.instances ?? [])
    .filter(({ protectedBy }) => protectedBy === null)
    .map(({ name }) => name);
  const remove = isFewer ? names.slice(-(current - desired)) : [];
  return {
    kind: 'scale',
    service,
    steps: isFewer
      ? [`drain ${remove.join(', ')} at the load balancer`, 'wait for open connections, at most 30 s', 'end them']
      : [`start ${desired - current} instances`, 'wait until each is ready, at most 2 min', 'add them at the load balancer'], // prettier-ignore
    blockers:
      desired > facts.max || desired < facts.min
        ? [
            {
              code: 'scaling_held',
              message: `the policy allows ${facts.min} to ${facts.max} instances`,
              hint: 'change the bounds of the policy first',
            },
          ]
        : [],
    warnings: isFewer ? ['cpu is at 54 %: with fewer it would be near 72 %'] : [],
    destructive: isFewer,
    stops: [],
    expected: { known: true, seconds: isFewer ? 32 : 14, source: 'the last 5 actions of this service' },
    bytes: null,
    atStake: [],
    wayBack: 'set the number back; instances start in about 14 s',
    confirm: service,
    reasonRequired: true,
    role: 'operator',
    facts: {
      current,
      desired,
      remove,
      ...(facts.cost === null
        ? {}
        : {
            costPerHourBefore: facts.cost.perHour,
            costPerHourAfter: (facts.cost.perHour / Math.max(1, current)) * desired,
            currency: facts.cost.currency,
          }),
    },
    etag: `${service}-${current}-${desired}`,
  };
}

export function previewOf(policy: string, facts: Scaling): Preview {
  if (/^max: 1$/m.test(policy))
    return {
      valid: false,
      faults: [
        { path: 'max', message: 'is below min, which is 2', mend: 'raise max or lower min' },
        { path: 'metrics.0.up', message: 'must lie above down', mend: 'leave room between the two bounds' },
      ],
      decision: null,
    };
  return {
    valid: true,
    faults: [],
    decision: decisionWith({
      action: 'scale_up',
      current: 4,
      desired: 6,
      proposed: 6,
      limits: ['evaluation_periods'],
      reasons: ['requests want 6: 402 for a target of 70 each'],
      costPerHour: facts.cost === null ? null : 0.72,
    }),
  };
}

export function backtestOf(from: string, to: string, withProposed: boolean): Backtest {
  const [fromMs, toMs] = [Date.parse(from), Date.parse(to)];
  const count = 400;
  const run = (policy: string, delay: number, spare: number, change: Partial<BacktestRun>): BacktestRun => ({
    policy,
    underProvisionedSeconds: 0,
    overProvisionedSeconds: 0,
    overProvisionedInstanceHours: 0,
    instanceHours: 0,
    cost: null,
    scaleUps: 0,
    scaleDowns: 0,
    maxInstances: 7,
    series: Array.from({ length: count }, (_, index) => {
      const ms = fromMs + ((toMs - fromMs) * index) / (count - 1);
      const demand = 3.6 - 2.1 * Math.cos(((ms / 3_600_000 - 3) / 24) * 2 * Math.PI);
      const before = 3.6 - 2.1 * Math.cos((((ms - delay * minute) / 3_600_000 - 3) / 24) * 2 * Math.PI);
      const ready = Math.max(2, Math.ceil(before + spare));
      const isHole = index > 180 && index < 190;
      return { at: new Date(ms).toISOString(), demand: isHole ? null : demand, ready, desired: ready };
    }),
    ...change,
  });
  const runs = [
    run('current', 12, 0.3, { underProvisionedSeconds: 5_460, overProvisionedSeconds: 201_300, overProvisionedInstanceHours: 61.2, instanceHours: 702.4, cost: 84.29, scaleUps: 34, scaleDowns: 33 }), // prettier-ignore
    run('proposed', 2, 0.5, { underProvisionedSeconds: 840, overProvisionedSeconds: 230_100, overProvisionedInstanceHours: 70.8, instanceHours: 713.9, cost: 85.67, scaleUps: 30, scaleDowns: 29 }), // prettier-ignore
    run('hpa', 20, 0.1, { underProvisionedSeconds: 9_720, overProvisionedSeconds: 260_400, overProvisionedInstanceHours: 88.1, instanceHours: 729.3, cost: 87.52, scaleUps: 61, scaleDowns: 61, maxInstances: 8 }), // prettier-ignore
  ];
  return {
    from,
    to,
    stepSeconds: 60,
    points: Math.round((toMs - fromMs) / minute),
    missing: 96,
    runs: runs.filter(({ policy }) => withProposed || policy !== 'proposed'),
  };
}
