import type { IncomingMessage } from 'node:http';
import { ipKeyGenerator } from 'express-rate-limit';

const forwardingHeaders = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'] as const;

function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:/i, '').toLowerCase();
}

/** Whether an address stands for this machine itself. */
export function isLoopbackAddress(address: string | undefined): boolean {
  const plain = plainAddress(address);
  return plain === '::1' || /^127(\.\d{1,3}){3}$/.test(plain);
}

/**
 * Whether the request comes from this machine over a loopback connection. A request that a proxy passed on says so in its
 * headers and is not from here, even when the proxy is.
 */
export function isFromLoopback(request: IncomingMessage): boolean {
  const { remoteAddress, localAddress } = request.socket;
  const forwarded = forwardingHeaders.some((name) => request.headers[name] !== undefined);
  return isLoopbackAddress(remoteAddress) && isLoopbackAddress(localAddress) && !forwarded;
}

/** Address for the audit log. */
export function remoteAddress(request: IncomingMessage): string {
  return plainAddress(request.socket.remoteAddress) || 'unknown';
}

/** What limits are counted by: an IPv4 address, or an IPv6 network of /56, because one client owns many addresses there. */
export function addressKey(request: IncomingMessage): string {
  const address = remoteAddress(request);
  return address === 'unknown' ? address : ipKeyGenerator(address, 56);
}
