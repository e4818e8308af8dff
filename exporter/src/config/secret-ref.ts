import { z } from 'zod';
import { notation } from './units.ts';

// What several sections say in the same way.

/** A secret is never in the file itself: `env:NAME` or `file:/path`. */
export const SecretRef = z
  .string()
  .regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:\/.+)$/, {
    error: 'must be env:NAME or file:/absolute/path, never the secret itself',
  })
  .meta(notation('secret'));

export const absolutePath = z
  .string()
  .refine((p) => p.startsWith('/') && !p.includes('\0'), { error: 'must be an absolute path' })
  .meta(notation('path'));

/** How a server that asks for more than its address is reached. `who`: as the sentence names it. */
export function protectedServer(who: string) {
  return {
    token: SecretRef.nullable()
      .default(null)
      .describe(`Sent to ${who} as \`Authorization: Bearer\`: env:NAME or file:/path. null: asked without one.`),
    ca_file: absolutePath
      .nullable()
      .default(null)
      .describe(`PEM file of the authority that signed the certificate of ${who}. null: those of the system.`),
  };
}
