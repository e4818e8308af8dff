import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, ok, type Outcome } from '../../contract/errors.ts';
import type { HttpReader } from './http-read.ts';

/** `127.0.0.1:9847` or a whole URL to an origin; null when it is neither. */
function originOf(text: string): string | null {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '')
    return null;
  return url.origin;
}

/** The exporter that is asked: the named one, or what the server of this home wrote down. Null: neither. Errors: `bad_request`. */
export function exporterAddress(
  home: string,
  named: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Outcome<string | null> {
  const text = [named, env['GENESIS_URL']].find((one) => one !== undefined && one !== '');
  if (text === undefined) return ok(writtenAddress(home));
  const origin = originOf(text);
  return origin === null
    ? fail(
        'bad_request',
        'that is not the address of a server: write e.g. http://127.0.0.1:9847, without user and password',
      )
    : ok(origin);
}

/** `<home>/run/address`; null where there is none. */
export function writtenAddress(home: string): string | null {
  const text = readText(join(home, 'run', 'address'));
  return text === null ? null : originOf(text);
}

/** GENESIS_TOKEN, or the least token of the home that may read metrics from elsewhere. */
export function exporterToken(home: string, env: Readonly<Record<string, string | undefined>>): string | null {
  const named = env['GENESIS_TOKEN'];
  if (named !== undefined && named !== '') return named;
  return (
    ['viewer', 'operator', 'admin'].map((role) => readText(join(home, 'tokens', role))).find((t) => t !== null) ?? null
  );
}

/** The server of this home, if it answers: a killed one leaves its address behind. */
export async function runningServer(http: HttpReader, home: string): Promise<string | null> {
  const url = writtenAddress(home);
  if (url === null) return null;
  const answer = await http.get(`${url}/healthz`, { timeoutMs: 5_000 });
  // A refusal is an answer too, and so is a certificate that this process has no reason to trust.
  const answered = answer.known || /^it answered|certificate|self-signed|self signed|issuer/i.test(answer.why);
  return answered ? url : null;
}

export function readText(file: string): string | null {
  try {
    const text = readFileSync(file, 'utf8').trim();
    return text === '' ? null : text;
  } catch {
    return null; // absent, or not for this user: both mean that there is nothing to go by
  }
}
