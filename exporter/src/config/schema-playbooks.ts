import { z } from 'zod';
import { playbookModes } from '../contract/playbooks.ts';
import { absolutePath } from './secret-ref.ts';
import { duration } from './units.ts';

// What is tried for a service that is not well (F5).

const hook = (what: string) =>
  z
    .strictObject({
      command: z
        .array(z.string().min(1))
        .min(1)
        .describe('Program and arguments on this machine; no shell runs. What it starts must let go of its output.'),
      timeout: duration().default(60).describe('It is ended after this, and counts as failed.'),
    })
    .nullable()
    .default(null)
    .describe(`${what} null: the action is passed over as not configured.`);

const hooks = {
  restart_service: hook('Restarts the service, up to three times in a run.'),
  clear_cache: hook('Empties its cache where memory is high.'),
  restart_connection_pool: hook('Restarts its connection pool.'),
  rollback_deployment: hook('Goes back to the deployment before, where there was one lately.'),
  trigger_gc: hook('Makes it collect garbage.'),
  clear_caches: hook('Empties its caches.'),
  restart_workers: hook('Restarts its workers where memory stays high after the two before.'),
};

export const Playbooks = z
  .strictObject({
    mode: z
      .enum(playbookModes)
      .default('off')
      .describe(
        'off: people start them. observe: the log says what would run, and why. auto: they start by themselves.',
      ),
    max_per_hour: z.int().min(1).max(60).default(3).describe('Most runs in an hour, whoever starts them.'),
    backoff: duration().default(10).describe('Time before an action is tried again; twice as long each time.'),
    cooldown: duration().default(300).describe('Least time between two runs that start by themselves.'),
    verify: duration()
      .default(30)
      .describe('The health checks have to be good within this after an action, or it had no effect.'),
    memory_high: z
      .number()
      .min(0)
      .max(1)
      .default(0.9)
      .describe('Share of the machine’s memory in use from which it is high, where no check has max_rss.'),
    error_rate: z
      .number()
      .gt(0)
      .max(1)
      .default(0.3)
      .describe('Share of failed probes of the http checks from which the error rate is high.'),
    error_window: duration().default(300).describe('What that share is taken over.'),
    deploy_marker: absolutePath
      .nullable()
      .default(null)
      .describe('File that every deployment touches; null: whether there was one is not known.'),
    deploy_recent: duration().default(3600).describe('A deployment is recent for so long.'),
    hooks: z
      .strictObject(hooks)
      .prefault({})
      .describe('What only your own commands can do. They come only from this file.'),
  })
  .prefault({})
  .describe(
    'Recovery playbooks: what is tried for a service that is not well. Each step is proven by the health checks.',
  );
export type PlaybooksConfig = z.output<typeof Playbooks>;
