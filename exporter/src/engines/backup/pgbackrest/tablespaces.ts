import { z } from 'zod';
import { fail, ok, type Outcome } from '../../../contract/errors.ts';

export interface Tablespace {
  readonly oid: string;
  readonly name: string;
  /** Where it stood when the backup was made. */
  readonly destination: string;
}

const Answer = z.array(
  z.object({
    backup: z.array(
      z.object({
        label: z.string(),
        tablespace: z.array(z.object({ name: z.string(), oid: z.number(), destination: z.string() })).nullish(),
      }),
    ),
  }),
);

/** From `info --set=LABEL --output=json`. Errors: `backup_corrupt`: its manifest cannot be read (the answer then lists no backup). */
export function parseTablespaces(text: string, label: string): Outcome<readonly Tablespace[]> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    return fail('format_unknown', 'the answer of `pgbackrest info --set` is not JSON', { cause });
  }
  const parsed = Answer.safeParse(json);
  const backup = parsed.data?.flatMap((stanza) => stanza.backup).find((b) => b.label === label);
  if (backup === undefined) return fail('backup_corrupt', `the manifest of ${label} cannot be read`);
  return ok((backup.tablespace ?? []).map(({ name, oid, destination }) => ({ name, oid: String(oid), destination })));
}
