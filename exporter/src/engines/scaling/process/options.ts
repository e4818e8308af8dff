import { z } from 'zod';

// The embedded engine: worker processes on this machine. zod only, because the configuration imports it.

export const ProcessOptions = z.strictObject({
  command: z
    .array(z.string().min(1))
    .min(1)
    .describe('Program and arguments of one worker; {port} and {name} are put in. No shell runs.'),
  cwd: z
    .string()
    .startsWith('/')
    .nullable()
    .default(null)
    .describe(
      'Its working folder; null: scaling/<service> in the home of Genesis. Relative paths of the command begin there.',
    ),
  env: z
    .record(z.string().regex(/^[A-Z_][A-Z0-9_]*$/i), z.string())
    .default({})
    .describe('Its environment beside PATH, PORT and INSTANCE; no secrets here, use files.'),
  host: z.string().min(1).default('127.0.0.1').describe('Address the workers listen on.'),
  ports: z
    .array(z.int().min(1).max(65_535))
    .length(2)
    .transform((pair) => pair as [number, number])
    .describe('First and last port that workers may have, one each.'),
  health_path: z
    .string()
    .startsWith('/')
    .default('/')
    .describe('Answers 2xx once the worker is ready, and as long as it is well.'),
  load_path: z
    .string()
    .startsWith('/')
    .nullable()
    .default(null)
    .describe(
      'Answers with metrics in Prometheus’ text format; the least loaded worker is ended first. null: the newest is.',
    ),
  load_metric: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Name of the metric there that says how loaded it is.'),
  drain_signal: z
    .enum(['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGUSR2'])
    .default('SIGTERM')
    .describe('Asks a worker to finish its work and end.'),
});
export type ProcessOptions = z.output<typeof ProcessOptions>;
