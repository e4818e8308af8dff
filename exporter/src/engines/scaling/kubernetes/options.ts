import { z } from 'zod';

export const KubernetesOptions = z.strictObject({
  kubeconfig: z
    .string()
    .startsWith('/')
    .nullable()
    .default(null)
    .describe('File with cluster and login; null: the service account of the pod that Genesis runs in.'),
  context: z.string().min(1).nullable().default(null).describe('Context of that file; null: its current one.'),
  namespace: z.string().min(1).max(63).default('default').describe('Namespace of the target.'),
  kind: z.enum(['Deployment', 'StatefulSet']).default('Deployment').describe('Kind of the target.'),
  name: z.string().min(1).max(253).describe('Name of the target.'),
  hpa: z
    .enum(['bounds', 'refuse'])
    .default('bounds')
    .describe(
      'Where a HorizontalPodAutoscaler owns the target: bounds sets its minimum, refuse does nothing and says so.',
    ),
});
export type KubernetesOptions = z.output<typeof KubernetesOptions>;
