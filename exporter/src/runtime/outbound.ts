import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import { toOpError, type Outcome } from '../contract/errors.ts';
import type { HttpFetch } from '../ports/index.ts';

/** How one neighbour is asked: with which token, and whose certificates are believed in the place of those of the system. */
export interface Neighbour {
  /** `env:NAME` or `file:/path`. */
  readonly token: string | null;
  readonly ca_file: string | null;
}

/**
 * The plain client, with the neighbour's token and authority. Both are read anew for each request, so that a renewed file counts;
 * redirects are left to the caller, who refuses them: a token must not travel on. Rejects where one of the two cannot be read.
 */
export function fetchAs(
  neighbour: () => Neighbour,
  fetch: HttpFetch,
  resolveSecret: (ref: string) => Outcome<string>,
): HttpFetch {
  return async (url, init) => {
    const { token, ca_file: caFile } = neighbour();
    const headers = new Headers(init.headers);
    if (token !== null) {
      const secret = resolveSecret(token);
      if (!secret.ok) throw secret.error;
      headers.set('authorization', `Bearer ${secret.value}`);
    }
    const sent = { ...init, headers, redirect: 'manual' as const };
    return caFile === null || !url.startsWith('https:')
      ? fetch(url, sent)
      : fetchTrusting(readAuthority(caFile), url, sent);
  };
}

function readAuthority(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    throw toOpError(thrown, 'config_unreadable');
  }
}

/** The client of the neighbour whose address an address lies below, the plain one for all others. */
export function fetchAmong(
  neighbours: readonly (Neighbour & { readonly url: string | null })[],
  fetch: HttpFetch,
  resolveSecret: (ref: string) => Outcome<string>,
): HttpFetch {
  const clients = neighbours.flatMap(({ url, ...neighbour }) =>
    url === null ? [] : [{ url: url.replace(/\/+$/, ''), fetch: fetchAs(() => neighbour, fetch, resolveSecret) }],
  );
  return (url, init) => {
    const client = clients.find((one) => url === one.url || url.startsWith(`${one.url}/`));
    return (client?.fetch ?? fetch)(url, init);
  };
}

/** Over node's own client, because the global fetch cannot be told of an authority. Bodies are texts. */
function fetchTrusting(ca: string, url: string, init: RequestInit): Promise<Response> {
  return new Promise((resolve, reject) => {
    const options = {
      ca,
      method: init.method ?? 'GET',
      headers: Object.fromEntries(new Headers(init.headers)),
      ...(init.signal === undefined || init.signal === null ? {} : { signal: init.signal }),
    };
    const request = https.request(url, options, (message) => {
      const status = message.statusCode ?? 0;
      const hasBody = status !== 204 && status !== 304;
      const body = hasBody ? (Readable.toWeb(message) as ReadableStream) : null;
      resolve(new Response(body, { status, headers: headersOf(message.headers) }));
    });
    request.on('error', reject);
    request.end(typeof init.body === 'string' ? init.body : undefined);
  });
}

function headersOf(headers: IncomingHttpHeaders): Headers {
  const all = new Headers();
  for (const [name, value] of Object.entries(headers))
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) all.append(name, one);
  return all;
}
