import { ok, type Outcome } from '../../contract/errors.ts';
import { serverOrigin, tokenFor, writtenAddress } from '../home-server.ts';
import type { HttpReader } from './http-read.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The exporter that is asked: the named one, or what the server of this home wrote down. Null: neither. Errors: `bad_request`. */
export function exporterAddress(home: string, named: string | undefined, env: Environment): Outcome<string | null> {
  const text = [named, env['GENESIS_URL']].find((one) => one !== undefined && one !== '');
  return text === undefined ? ok(writtenAddress(home)) : serverOrigin(text);
}

/** GENESIS_TOKEN, or the least token of the home that may read metrics from elsewhere. */
export function exporterToken(home: string, env: Environment): string | null {
  return tokenFor(home, env, ['viewer', 'operator', 'admin']);
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
