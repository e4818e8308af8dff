import { z } from 'zod';

/** The parts of the API's objects that are used, as Kubernetes 1.36 answers them. Pure. */

const Text = z.string().nullish();
const Count = z.number().nullish();

const Meta = z.object({
  name: z.string(),
  uid: Text,
  resourceVersion: Text,
  generation: Count,
  creationTimestamp: Text,
  deletionTimestamp: Text,
  labels: z.record(z.string(), z.string()).nullish(),
  annotations: z.record(z.string(), z.string()).nullish(),
  ownerReferences: z
    .array(z.object({ kind: z.string(), name: z.string(), controller: z.boolean().nullish() }))
    .nullish(),
});

const Condition = z.object({
  type: z.string(),
  status: z.string(),
  reason: Text,
  message: Text,
  lastTransitionTime: Text,
});

export const Scale = z.object({
  kind: z.literal('Scale'),
  metadata: Meta,
  // Go's omitempty: no instances is written as no field. Without the whole of it nothing is said about them.
  spec: z.object({ replicas: z.number().default(0) }),
  status: z.object({ replicas: Count, selector: Text }).nullish(),
});
export type Scale = z.infer<typeof Scale>;

const Requests = z.object({ requests: z.record(z.string(), z.union([z.string(), z.number()])).nullish() }).nullish();
const Container = z.object({
  name: z.string(),
  ports: z.array(z.object({ containerPort: z.number() })).nullish(),
  readinessProbe: z.object({}).nullish(),
  restartPolicy: Text,
  resources: Requests,
});

export const Workload = z.object({
  metadata: Meta,
  spec: z.object({
    replicas: Count,
    paused: z.boolean().nullish(),
    strategy: z
      .object({ rollingUpdate: z.object({ maxSurge: z.union([z.string(), z.number()]).nullish() }).nullish() })
      .nullish(),
    template: z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()).nullish() }).nullish(),
      spec: z.object({ containers: z.array(Container), terminationGracePeriodSeconds: Count }),
    }),
  }),
  status: z
    .object({
      observedGeneration: Count,
      readyReplicas: Count,
      updatedReplicas: Count,
      replicas: Count,
      conditions: z.array(Condition).nullish(),
    })
    .nullish(),
});
export type Workload = z.infer<typeof Workload>;

const Waiting = z.object({ reason: Text, message: Text }).nullish();
const ContainerStatus = z.object({
  name: z.string(),
  ready: z.boolean(),
  restartCount: z.number(),
  state: z
    .object({
      waiting: Waiting,
      running: z.object({ startedAt: Text }).nullish(),
      terminated: z.object({ reason: Text, exitCode: Count }).nullish(),
    })
    .nullish(),
});

export const Pod = z.object({
  metadata: Meta,
  spec: z.object({
    containers: z.array(Container),
    initContainers: z.array(Container).nullish(),
    terminationGracePeriodSeconds: Count,
  }),
  status: z
    .object({
      phase: Text,
      reason: Text,
      message: Text,
      podIP: Text,
      startTime: Text,
      conditions: z.array(Condition).nullish(),
      containerStatuses: z.array(ContainerStatus).nullish(),
      initContainerStatuses: z.array(ContainerStatus).nullish(),
    })
    .nullish(),
});
export type Pod = z.infer<typeof Pod>;

export const Pods = z.object({ items: z.array(Pod) });

export const Hpa = z.object({
  metadata: Meta,
  spec: z.object({
    minReplicas: Count,
    maxReplicas: z.number(),
    scaleTargetRef: z.object({ apiVersion: Text, kind: z.string(), name: z.string() }),
  }),
});
export type Hpa = z.infer<typeof Hpa>;
export const Hpas = z.object({ items: z.array(Hpa) });

export const Budgets = z.object({
  items: z.array(
    z.object({
      metadata: Meta,
      spec: z.object({
        selector: z
          .object({
            matchLabels: z.record(z.string(), z.string()).nullish(),
            matchExpressions: z.array(z.unknown()).nullish(),
          })
          .nullish(),
      }),
      status: z.object({ disruptionsAllowed: Count, currentHealthy: Count, desiredHealthy: Count }).nullish(),
    }),
  ),
});

export const PodMetrics = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      timestamp: z.string(),
      containers: z.array(z.object({ name: z.string(), usage: z.record(z.string(), z.string()) })),
    }),
  ),
});
export type PodMetrics = z.infer<typeof PodMetrics>;

/** What the API says of a refusal. */
export const Status = z.object({ kind: z.literal('Status'), message: Text, reason: Text, code: Count });

export const Version = z.object({ major: z.string(), minor: z.string(), gitVersion: z.string() });
