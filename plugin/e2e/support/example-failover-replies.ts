import type { Operation, PlanReply } from '../../src/api/types.ts';
import { ago, minute, now } from './example-failover-parts.ts';

/** What the exporter would answer to what the page asks to be done. */

const ada = { name: 'Ada Lovelace (ada)', role: 'admin', via: 'grafana' } as const;

function step(name: string, from: number, to: number | null, detail: string | null = null): Operation['steps'][number] {
  return {
    name,
    state: to === null ? 'running' : 'succeeded',
    startedAt: ago(from),
    endedAt: to === null ? null : ago(to),
    detail,
  };
}

function operationWith(change: Partial<Operation>): Operation {
  return {
    id: 'failover_20261122_030102_9c1b2a3d',
    kind: 'failover',
    service: 'ledger',
    params: { from: 'vienna', candidate: 'berlin' },
    actor: ada,
    reason: 'vienna does not come back',
    idempotencyKey: null,
    state: 'running',
    createdAt: ago(4_200),
    startedAt: ago(4_000),
    endedAt: null,
    steps: [
      step('look at every node', 4_000, 3_800, 'vienna: 7 failures in a row; berlin: 18432 bytes behind'),
      step('cut the old primary off at the load balancer', 3_800, 3_760, 'vienna is in maint, 41 sessions ended'),
      step('fence the old primary', 3_760, null),
    ],
    progress: null,
    result: null,
    error: null,
    ...change,
  };
}

export const running = operationWith({});
export const waiting = operationWith({
  id: 'failover_20261122_030340_11d2c3b4',
  service: 'accounts',
  params: { from: 'vienna', candidate: 'berlin', force: true },
  reason: 'the machine of vienna is switched off, I stand before it',
  startedAt: ago(4 * minute),
  steps: [step('wait for a second person', 4 * minute, null)],
  approval: { expiresAt: new Date(now + 11 * minute).toISOString() },
});
/** How the one ends that a test starts. */
export const ended = operationWith({
  id: 'failover_20261122_030500_5e6f7a8b',
  state: 'succeeded',
  endedAt: ago(1_160),
  steps: [
    step('look at every node', 4_000, 3_800),
    step('cut the old primary off at the load balancer', 3_800, 3_760, 'vienna is in maint, 41 sessions ended'),
    step('fence the old primary', 3_760, 1_840, 'no process of vienna is left on this machine'),
    step('promote the new primary', 1_840, 1_530, 'berlin takes writes on timeline 5'),
    step('point the other standbys at it', 1_530, 1_250, 'lisbon streams from berlin'),
    step('open the load balancer to it', 1_250, 1_160),
  ],
  result: { from: 'vienna', to: 'berlin', predictedLossBytes: 0, measuredLossBytes: 0, warnings: [] },
});

/** What a dry run answers; the one in trouble is blocked unless it is forced. */
export function planOf(kind: PlanReply['kind'], service: string, body: Readonly<Record<string, unknown>>): PlanReply {
  const isHeld = service === 'accounts' && body['force'] !== true && kind === 'failover';
  const candidate = typeof body['candidate'] === 'string' ? body['candidate'] : 'berlin';
  return {
    kind,
    service,
    steps: [
      'check again that vienna is lost and berlin is fit',
      'cut vienna off at the load balancer and end its sessions',
      'stop vienna and prove that no process of it is left',
      `promote ${candidate}`,
      `let lisbon follow ${candidate}`,
      `open the load balancer to ${candidate}`,
    ],
    blockers: isHeld
      ? [
          {
            code: 'fencing_unproven',
            message: 'nothing proves that vienna takes no more writes',
            hint: 'see to it that the old primary is down, then say so in `force` with a reason; nothing was promoted',
          },
        ]
      : [],
    warnings: service === 'accounts' ? ['vienna is silent: if it lives, its clients may go on writing to it'] : [],
    destructive: kind === 'failover' || kind === 'fence',
    stops: ['writes, for about 3 s'],
    expected: { known: true, seconds: 2.9, source: 'the last 3 failovers of this service' },
    bytes: null,
    atStake: service === 'accounts' ? ['up to 3.0 MiB of log, writes of 14 s'] : [],
    wayBack: 'bring vienna back as a standby with Rejoin, then switch over to it',
    confirm: service,
    reasonRequired: true,
    role: 'admin',
    facts: {
      candidate,
      from: 'vienna',
      predictedLossBytes: service === 'accounts' ? 3 * 2 ** 20 : 0,
      predictedLossSeconds: service === 'accounts' ? 14.2 : 0,
      fence:
        service === 'accounts'
          ? 'not possible from here: the machine does not answer'
          : 'its processes on this machine are stopped, then looked for',
      balancer: service === 'accounts' ? null : 'haproxy, backend writers',
    },
    etag: JSON.stringify([kind, body]).slice(0, 90),
  };
}
