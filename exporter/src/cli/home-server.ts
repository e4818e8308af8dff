import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, ok, type Outcome } from '../contract/errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What a server of this machine leaves in its home for the commands: where it listens, and tokens for who may read them. */

/** `127.0.0.1:9847` or a whole URL, as an origin. Errors: `bad_request`; the text is not repeated, it may carry a password. */
export function serverOrigin(text: string): Outcome<string> {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '')
    return fail(
      'bad_request',
      'that is not the address of a server: write e.g. http://127.0.0.1:9847, without user and password',
    );
  return ok(url.origin);
}

/** The origin in `<home>/run/address`; null where no server wrote one. */
export function writtenAddress(home: string): string | null {
  const text = readText(join(home, 'run', 'address'));
  if (text === null) return null;
  const origin = serverOrigin(text);
  return origin.ok ? origin.value : null;
}

/** GENESIS_TOKEN, or the first of the home's tokens, in the order of `roles`, that this user may read. */
export function tokenFor(
  home: string,
  env: Environment,
  roles: readonly ('viewer' | 'operator' | 'admin')[],
): string | null {
  const named = env['GENESIS_TOKEN'];
  if (named !== undefined && named !== '') return named;
  for (const role of roles) {
    const text = readText(join(home, 'tokens', role));
    if (text !== null) return text;
  }
  return null;
}

/** Trimmed; null where there is nothing to go by: absent, empty, or not for this user. */
export function readText(file: string): string | null {
  try {
    const text = readFileSync(file, 'utf8').trim();
    return text === '' ? null : text;
  } catch {
    return null; // whatever the reason, there is nothing to go by
  }
}
