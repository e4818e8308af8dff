import { z } from 'zod';
import { moment, planned, reason, seconds } from './action-parts.ts';
import { routes } from './routes.ts';

const hours = z.coerce
  .number()
  .int()
  .min(1)
  .max(14 * 24)
  .default(24)
  .describe('How far back.');
const policy = z
  .string()
  .min(1)
  .max(100_000)
  .describe('The policy as YAML or JSON: the keys of `scaling` without the engine and its section.');

/** How many instances run, and what that number follows. */
export const scalingActions = {
  getScaling: {
    ...routes.getScaling,
    summary: 'Instances, what is decided about their number now, and why not',
  },
  getScalingHistory: {
    ...routes.getScalingHistory,
    summary: 'Scaling actions that ended, newest first',
    query: z.strictObject({ hours }),
  },
  getScalingLoad: {
    ...routes.getScalingLoad,
    summary: 'Demand and instances over time',
    query: z.strictObject({ hours }),
  },
  setScaling: {
    ...routes.setScaling,
    summary: 'Set the number of instances now; the policy goes on from there',
    body: z.strictObject({
      desired: z.int().min(0).max(10_000).describe('Instances there should be, within the bounds of the policy.'),
      ...planned,
      confirm: z.string().max(63).optional().describe('Must equal the name of the service.'),
    }),
  },
  pauseScaling: {
    ...routes.pauseScaling,
    summary: 'No automatic scaling until it expires',
    body: z.strictObject({ seconds: seconds.max(7 * 86400), reason }),
  },
  resumeScaling: {
    ...routes.resumeScaling,
    summary: 'Automatic scaling again, now',
    body: z.strictObject({}),
  },
  previewScalingPolicy: {
    ...routes.previewScalingPolicy,
    summary: 'Check a policy, and what it would decide now; nothing is changed',
    body: z.strictObject({ policy }),
  },
  setScalingPolicy: {
    ...routes.setScalingPolicy,
    summary: 'Put a policy in the place of the file’s, until it is reset or the file changes',
    body: z.strictObject({
      policy,
      reason,
      confirm: z.string().max(63).optional().describe('Must equal the name of the service.'),
    }),
  },
  resetScalingPolicy: {
    ...routes.resetScalingPolicy,
    summary: 'The policy of the file again',
    body: z.strictObject({ reason }),
  },
  backtestScaling: {
    ...routes.backtestScaling,
    summary:
      'What a policy would have done on real history, beside the current one and the algorithm of Kubernetes’ HPA',
    body: z.strictObject({
      from: moment,
      to: moment,
      policy: policy.optional(),
    }),
  },
} as const;
