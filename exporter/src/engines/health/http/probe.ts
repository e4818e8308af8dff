import { OpError } from '../../../contract/errors.ts';
import type { HttpCheck, Probe, Seen } from '../port.ts';
import { codeOf, notReached } from '../words.ts';

/** More of an answer is not read. */
const maxBodyBytes = 2 ** 20;

/** Asks once with GET. Healthy: one of the wanted status codes, and the wanted text in the body. */
export const probeHttp: Probe<'http'> = async (target, { signal }) => {
  try {
    const response = await target.fetch(target.url, { method: 'GET', redirect: 'manual', signal });
    const wantsBody = target.contains !== null || target.versionField !== null;
    const body = wantsBody ? await readStart(response, maxBodyBytes) : await leave(response);
    return judgeAnswer(target, { status: response.status, body, serverTime: response.headers.get('x-response-time') });
  } catch (thrown) {
    return notAnswered(thrown);
  }
};

export interface HttpAnswer {
  readonly status: number;
  /** The first MiB at most; empty where it was not asked for. */
  readonly body: string;
  /** The header X-Response-Time. */
  readonly serverTime: string | null;
}

export function judgeAnswer(target: Pick<HttpCheck, 'status' | 'contains' | 'versionField'>, answer: HttpAnswer): Seen {
  const version = target.versionField === null ? null : versionIn(answer.body, target.versionField);
  const facts = [
    ...(version === null ? [] : [`version ${version.slice(0, 60)}`]),
    ...(answer.serverTime === null ? [] : [`X-Response-Time ${answer.serverTime.slice(0, 30)}`]),
  ];
  const say = (state: Seen['state'], what: string): Seen => ({
    state,
    answered: true,
    detail: [what, ...facts].join(', '),
  });
  if (!target.status.includes(answer.status)) {
    const redirect = answer.status >= 300 && answer.status < 400 ? ', and redirects are not followed' : '';
    return say('unhealthy', `HTTP ${answer.status}, expected ${target.status.join(' or ')}${redirect}`);
  }
  if (target.contains !== null && !answer.body.includes(target.contains))
    return say('unhealthy', `HTTP ${answer.status}, but the body does not hold the expected text`);
  return say('healthy', `HTTP ${answer.status}`);
}

/** Null where the body is no JSON object, or has no such text or number. */
function versionIn(body: string, field: string): string | null {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed !== 'object' || parsed === null || !Object.hasOwn(parsed, field)) return null;
    const value = (parsed as Record<string, unknown>)[field];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
  } catch {
    return null;
  }
}

async function leave(response: Response): Promise<string> {
  await response.body?.cancel();
  return '';
}

async function readStart(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop cancels the stream.
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes >= maxBytes) break;
  }
  return Buffer.concat(chunks).toString('utf8', 0, maxBytes);
}

function notAnswered(thrown: unknown): Seen {
  // A token or an authority that cannot be read: the thing itself was not asked.
  if (thrown instanceof OpError) return { state: 'error', answered: false, detail: thrown.message };
  const reached = notReached(thrown);
  if (reached !== null) return describeTls(thrown, reached);
  // Only the kind of error: the message of a header that cannot be sent quotes the token.
  const name = Error.isError(thrown) ? (thrown as Error).name : typeof thrown;
  return { state: 'error', answered: false, detail: `the request could not be made: ${name}` };
}

/** Node's names of what is wrong with a certificate; they speak for themselves in lower case. */
function describeTls(thrown: unknown, seen: Seen): Seen {
  const code = codeOf(thrown) ?? '';
  if (!/CERT|SELF_SIGNED|UNABLE_TO/.test(code)) return seen;
  return { ...seen, detail: `the certificate is not trusted: ${code.toLowerCase().replaceAll('_', ' ')}` };
}
