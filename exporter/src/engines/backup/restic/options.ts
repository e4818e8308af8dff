import { z } from 'zod';

/** Options of the engine `restic`, zod only. */
export const ResticOptions = z.strictObject({
  program: z.string().min(1).default('restic').describe('The program, looked for on the PATH.'),
  read_data_subset: z
    .string()
    .regex(/^(\d+(\.\d+)?%|\d+\/\d+|\d+[KMGT]?)$/, { error: 'must be like 5%, 1/10 or 500M' })
    .default('5%')
    .describe('How much of the stored data each verification reads back.'),
  host: z
    .string()
    .min(1)
    .max(255)
    .nullable()
    .default(null)
    .describe('Host name in snapshots; null: the service’s name.'),
});
