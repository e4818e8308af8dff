import { z } from 'zod';
import {
  breakerStates,
  decisionActions,
  failoverEngineNames,
  failoverModes,
  failoverStrategies,
  fenceMethods,
  reaches,
} from './failover.ts';
import { observed, time } from './reply-parts.ts';

/** The wire form of contract/failover. */

const Loss = z
  .object({ bytes: z.number().nullable(), seconds: z.number().nullable(), detail: z.string() })
  .describe('Null figures are not known.');

const Probe = z.object({
  at: time,
  reach: z.enum(reaches).describe('`silent`: nothing came back in time: down, frozen or cut off, nobody can tell.'),
  seconds: z.number(),
  role: z.enum(['primary', 'standby']).nullable(),
  writable: z.boolean().nullable(),
  timeline: z.number().nullable(),
  receivedBytes: z.number().nullable(),
  replayedBytes: z.number().nullable(),
  upstream: z.string().nullable(),
  upstreamSilentSeconds: z.number().nullable(),
  synchronousStandbys: z.array(z.string()).nullable(),
  systemId: z.string().nullable(),
  problem: z.string().nullable(),
});

const Fence = z.object({
  node: z.string(),
  since: time,
  operationId: z.string(),
  proof: z
    .object({ method: z.enum(fenceMethods), detail: z.string(), at: time, seconds: z.number() })
    .nullable()
    .describe('null: asked for and not proven.'),
  manual: z.boolean(),
});

const Node = z.object({
  name: z.string(),
  region: z.string(),
  priority: z.number(),
  candidate: z.boolean(),
  probe: Probe.nullable(),
  health: z.object({
    failuresInRow: z.number(),
    successesInRow: z.number(),
    errorRatio: z.number().nullable(),
    responseSeconds: z.number().nullable(),
    probes: z.number(),
    lastAnsweredAt: time.nullable(),
  }),
  fence: Fence.nullable(),
  lagBytes: z.number().nullable(),
  busy: z.string().nullable(),
});

export const ScheduledSwitchoverReply = z.object({
  id: z.string(),
  at: time,
  candidate: z.string().nullable(),
  by: z.string(),
  reason: z.string(),
});

export const AutomationPauseReply = z.object({ by: z.string(), reason: z.string(), since: time, until: time });

export const FailoverFactsReply = z
  .object({
    engine: z.enum(failoverEngineNames),
    strategy: z.enum(failoverStrategies),
    mode: z.enum(failoverModes),
    nodes: z.array(Node),
    primary: z.string().nullable(),
    writable: z.array(z.string()).describe('Nodes that would take a write, counted apart from the probes.'),
    uncounted: z.array(z.string()).describe('Nodes of which that count could not tell.'),
    balancer: observed(
      z.object({
        kind: z.enum(['haproxy', 'address']),
        servers: z.array(
          z.object({
            node: z.string(),
            state: z.enum(['up', 'down', 'maint', 'drain', 'unknown']),
            sessions: z.number().nullable(),
            check: z.enum(['speaks', 'connects']).nullable(),
          }),
        ),
        writer: z.string().nullable(),
        problem: z.string().nullable(),
      }),
    ).nullable(),
    vantages: z.array(
      z.object({ from: z.string(), about: z.string(), alive: z.boolean().nullable(), at: time, detail: z.string() }),
    ),
    standing: z
      .object({
        wouldSucceed: z.boolean().nullable(),
        candidate: z.string().nullable(),
        loss: Loss.nullable(),
        reasons: z.array(z.string()),
        rejected: z.array(z.object({ node: z.string(), reason: z.string() })),
      })
      .describe('Would a failover succeed now?'),
    decision: z.object({
      at: time,
      action: z.enum(decisionActions),
      node: z.string().nullable(),
      candidate: z.string().nullable(),
      act: z.boolean(),
      page: z.boolean(),
      reasons: z.array(z.string()),
      loss: Loss.nullable(),
    }),
    pause: AutomationPauseReply.nullable(),
    scheduled: ScheduledSwitchoverReply.nullable(),
    breakers: z.array(
      z.object({
        name: z.string(),
        state: z.enum(breakerStates),
        failureCount: z.number(),
        lastFailureAt: time.nullable(),
        nextAttemptAt: time.nullable(),
        halfOpenCalls: z.number(),
      }),
    ),
    history: z.array(
      z.object({
        operationId: z.string(),
        kind: z.enum(['failover', 'switchover', 'fence', 'rejoin']),
        automatic: z.boolean(),
        from: z.string().nullable(),
        to: z.string().nullable(),
        startedAt: time,
        endedAt: time,
        succeeded: z.boolean(),
        seconds: z.number(),
        phases: z.array(z.object({ name: z.string(), seconds: z.number() })),
        loss: z.object({ predictedBytes: z.number().nullable(), measuredBytes: z.number().nullable() }),
        reason: z.string(),
      }),
    ),
    promotions: z
      .array(
        z.object({
          timeline: z.number(),
          atBytes: z.number(),
          reason: z.string(),
          at: time.nullable(),
          from: z.string().nullable(),
          to: z.string().nullable(),
        }),
      )
      .nullable()
      .describe('What the product itself has written down; null: it keeps nothing, or nobody tells it.'),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'Failover', description: 'Who serves, who could take over, and what is decided about it.' });

export const FailoverReply = z.object({ service: z.string(), failover: FailoverFactsReply });
export type FailoverReply = z.infer<typeof FailoverReply>;
