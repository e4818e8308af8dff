import { z } from 'zod';

/** Options of the engine `pg_dump`, zod only. */
export const PgDumpOptions = z.strictObject({
  format: z
    .enum(['custom', 'directory'])
    .default('directory')
    .describe('One file a database, or one folder, which several jobs can write.'),
  jobs: z.int().min(1).max(64).default(2).describe('Connections that dump or restore at the same time (directory).'),
  databases: z
    .array(z.string().min(1).max(63))
    .default([])
    .describe('Databases; each is a component. Empty: all but templates.'),
});
