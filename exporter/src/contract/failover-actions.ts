import { z } from 'zod';
import { destructive, moment, nodeName, reason, seconds } from './action-parts.ts';
import { routes } from './routes.ts';

/** Who serves, and the ways to change it. */
export const failoverActions = {
  getFailover: {
    ...routes.getFailover,
    summary: 'Who serves, who could take over, whether a failover would succeed now, and why not',
  },
  startFailover: {
    ...routes.startFailover,
    summary: 'Unplanned: fence the primary, promote a standby',
    body: z.strictObject({
      candidate: nodeName.optional().describe('Node to promote; default the best one.'),
      force: z
        .boolean()
        .default(false)
        .describe(
          'Go on without proof that the old primary is down, or past the bound on data loss. Data may be lost.',
        ),
      ...destructive,
    }),
  },
  startSwitchover: {
    ...routes.startSwitchover,
    summary: 'Planned: drain, hand over without loss, let the old primary follow',
    body: z.strictObject({
      candidate: nodeName.optional().describe('Node to hand over to; default the best one.'),
      at: moment.optional().describe('Do it then; default now.'),
      ...destructive,
    }),
  },
  cancelSwitchover: {
    ...routes.cancelSwitchover,
    summary: 'Forget the scheduled switchover',
    body: z.strictObject({ reason: reason.optional() }),
  },
  fenceNode: {
    ...routes.fenceNode,
    summary: 'Take a node out so that it cannot take a write, and prove it',
    body: z.strictObject({ ...destructive }),
  },
  rejoinNode: {
    ...routes.rejoinNode,
    summary: 'Bring a node back as a standby: rewound, or cloned anew',
    body: z.strictObject({
      allowClone: z
        .boolean()
        .optional()
        .describe('Replace its data where it cannot be rewound; default as configured.'),
      ...destructive,
    }),
  },
  pauseFailover: {
    ...routes.pauseFailover,
    summary: 'No automatic failover until it expires',
    body: z.strictObject({ seconds: seconds.max(7 * 86400), reason }),
  },
  resumeFailover: {
    ...routes.resumeFailover,
    summary: 'Automatic failover again, now',
    body: z.strictObject({}),
  },
} as const;
