import { BlockList, isIP } from 'node:net';

export interface ListenAddress {
  /** Address or name without brackets. */
  readonly host: string;
  /** 0 asks the system for a free one. */
  readonly port: number;
}

/** `127.0.0.1:9847`, `[::1]:9847`, `localhost:9847`; null when the text is none of these. */
export function parseListen(text: string): ListenAddress | null {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const [, bracketed, plain, digits] = match;
  const host = bracketed ?? plain ?? '';
  const port = Number(digits);
  if (port > 65535 || (bracketed !== undefined && isIP(bracketed) !== 6)) return null;
  // 1.2.3.400 is no name that anybody has, but a mistyped address.
  if (/^[\d.]+$/.test(host) && isIP(host) !== 4) return null;
  return { host, port };
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

export function isLoopback(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return host.toLowerCase() === 'localhost';
  return loopback.check(host, family === 4 ? 'ipv4' : 'ipv6');
}
