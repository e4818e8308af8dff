import { z } from 'zod';

const command = z.array(z.string().min(1)).min(1);

export const CommandOptions = z.strictObject({
  list: command
    .nullable()
    .default(null)
    .describe(
      'Prints the instances as JSON: [{"name", "state": "ready|starting|unready|draining", "address", "load"}].',
    ),
  scale: command
    .nullable()
    .default(null)
    .describe(
      'Sets the number; {desired}, {current} and {remove} (names with commas between) are put in. No shell runs.',
    ),
  timeout: z.number().positive().default(120).describe('Seconds after which each is ended, with all it started.'),
});
export type CommandOptions = z.output<typeof CommandOptions>;
