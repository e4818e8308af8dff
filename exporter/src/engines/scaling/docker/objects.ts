import { z } from 'zod';

/** The parts of the Engine API's objects that are used: Docker's, and Podman's 4.3.1 where it differs. Pure. */

const Text = z.string().nullish();
const Count = z.number().nullish();
const Flag = z.boolean().nullish();

export const Listed = z.array(z.object({ Id: z.string() }));
export type Listed = z.infer<typeof Listed>;

export const Created = z.object({ Id: z.string() });

/** The whole of HostConfig and Config is kept: a new container is made like it. */
export const Container = z.object({
  Id: z.string(),
  Name: z.string(),
  Image: z.string(),
  Created: z.string(),
  RestartCount: Count,
  State: z.object({
    Status: z.string(),
    ExitCode: Count,
    Error: Text,
    OOMKilled: Flag,
    StartedAt: Text,
    // Without a check Docker leaves it out and Podman says ''.
    Health: z.object({ Status: Text }).nullish(),
  }),
  Config: z.looseObject({
    Labels: z.record(z.string(), z.string()).nullish(),
    Env: z.array(z.string()).nullish(),
  }),
  HostConfig: z.looseObject({ NetworkMode: Text }),
  NetworkSettings: z.object({
    Networks: z.record(z.string(), z.object({ IPAddress: Text })).nullish(),
    Ports: z.record(z.string(), z.array(z.object({ HostIp: Text, HostPort: Text })).nullish()).nullish(),
  }),
});
export type Container = z.infer<typeof Container>;

/** Usage as counters and levels; what ended answers with nothing, which is no Stats. */
export const Stats = z.object({
  read: z.string(),
  cpu_stats: z.object({
    cpu_usage: z.object({ total_usage: z.number(), percpu_usage: z.array(z.number()).nullish() }),
    online_cpus: Count,
  }),
  memory_stats: z
    .object({
      usage: Count,
      limit: Count,
      stats: z.object({ inactive_file: Count, total_inactive_file: Count }).nullish(),
    })
    .nullish(),
});
export type Stats = z.infer<typeof Stats>;

export const Service = z.object({
  ID: z.string(),
  Version: z.object({ Index: z.number() }),
  Spec: z.looseObject({
    Name: z.string(),
    Mode: z.looseObject({ Replicated: z.looseObject({ Replicas: Count }).nullish() }).nullish(),
    TaskTemplate: z
      .looseObject({
        ContainerSpec: z.looseObject({ StopGracePeriod: Count, Healthcheck: z.unknown().optional() }).nullish(),
      })
      .nullish(),
  }),
  UpdateStatus: z.object({ State: Text, Message: Text }).nullish(),
});
export type Service = z.infer<typeof Service>;

export const Task = z.object({
  ID: z.string(),
  Slot: Count,
  CreatedAt: Text,
  DesiredState: z.string(),
  Status: z.object({ State: z.string(), Timestamp: Text, Err: Text, Message: Text }),
  NetworksAttachments: z.array(z.object({ Addresses: z.array(z.string()).nullish() })).nullish(),
});
export type Task = z.infer<typeof Task>;
export const Tasks = z.array(Task);
export type Tasks = z.infer<typeof Tasks>;

export const Version = z.object({
  Version: Text,
  ApiVersion: Text,
  Components: z.array(z.object({ Name: Text })).nullish(),
});
export type Version = z.infer<typeof Version>;
