import { z } from 'zod';

/** Options of the embedded engine `archive`, zod only: the configuration imports this file and never the engine. */
export const ArchiveOptions = z.strictObject({
  compare_content: z
    .boolean()
    .default(false)
    .describe(
      'Incrementals compare content instead of size, mtime, ctime and inode: slower, but sees what hides from the clock.',
    ),
});
