import { z } from 'zod';

/** Options of the engine `pgbackrest`, zod only. */
export const PgbackrestOptions = z.strictObject({
  stanza: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,63}$/, { error: 'must be 1-63 of letters, digits, - and _' })
    .nullable()
    .default(null)
    .describe('Name of the stanza; null: the name of the service.'),
  process_max: z.int().min(1).max(999).default(2).describe('Processes that compress and copy.'),
  archive_timeout: z.int().min(1).max(86_400).default(60).describe('Seconds that a backup waits for its WAL.'),
  io_timeout: z
    .number()
    .min(0.1)
    .max(3600)
    .default(15)
    .describe(
      'Seconds without a byte after which an object store counts as silent; four tries. For WAL at most 5: the other repositories wait for it.',
    ),
  start_fast: z.boolean().default(true).describe('Begin with an immediate checkpoint instead of the next one.'),
  program: z.string().min(1).default('pgbackrest').describe('The program, looked for on the PATH.'),
});
