import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { remoteAddress } from './peer.ts';

const wildcards = new Set(['0.0.0.0', '::', '']);
const localNames = new Set(['localhost', '127.0.0.1', '::1']);

export interface HostName {
  /** Lower case, without brackets and without a final dot. */
  readonly name: string;
  readonly port: string | null;
}

/** Splits a Host header (or an entry of api.hosts); null when it is not one. */
export function parseHost(header: string): HostName | null {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/.exec(header);
  const name = match?.[1] ?? match?.[2];
  return name === undefined ? null : { name: name.toLowerCase().replace(/\.$/, ''), port: match?.[3] ?? null };
}

/**
 * Whether the Host of a request is one of ours: a name of this machine, the address listened on, or one of api.hosts.
 * Anything else is DNS rebinding or a misconfigured proxy. When every address is listened on, the address the connection
 * arrived at is the one listened on; it is no name that somebody else's DNS could point here.
 */
export function isHostAllowed(request: IncomingMessage, listenHost: string, hosts: readonly string[]): boolean {
  const host = parseHost(request.headers.host ?? '');
  if (host === null) return false;
  if (localNames.has(host.name) || (!wildcards.has(listenHost) && host.name === listenHost.toLowerCase())) return true;
  const local = (request.socket.localAddress ?? '').replace(/^::ffff:/i, '').toLowerCase();
  if (wildcards.has(listenHost) && isIP(host.name) !== 0 && host.name === local) return true;
  return hosts.some((entry) => {
    const allowed = parseHost(entry);
    return allowed !== null && allowed.name === host.name && (allowed.port === null || allowed.port === host.port);
  });
}

function withoutDefaultPort(host: string): string {
  return host.toLowerCase().replace(/:(80|443)$/, '');
}

/**
 * Whether a browser says that the request was made by a page of another site. Programs send neither header. The scheme is
 * compared only under TLS, because a proxy may add it in front of us.
 */
export function isForeign(request: IncomingMessage, tls: boolean): boolean {
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  const origin = request.headers.origin;
  if (origin === undefined) return false;
  if (!URL.canParse(origin)) return true;
  const { protocol, host } = new URL(origin);
  if (protocol !== 'https:' && (tls || protocol !== 'http:')) return true;
  return withoutDefaultPort(host) !== withoutDefaultPort(request.headers.host ?? '');
}

/** Methods that change nothing. */
export function isSafeMethod(method: string | undefined): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}

/** For the log: who was turned away. */
export function describePeer(request: IncomingMessage): Readonly<Record<string, unknown>> {
  return { remote: remoteAddress(request), method: request.method };
}
