import { connect } from 'node:net';
import type { HttpFetch } from '../../../ports/index.ts';
import { notReached } from '../../health/words.ts';
import type { DockerOptions } from './options.ts';

/** Null: it takes work. Else why not. */
export type CheckReady = (address: string | null, options: DockerOptions) => Promise<string | null>;

const answerWithinMs = 2000;

/** By HTTP where a path is configured, else that the port takes connections, else that it runs. */
export function createCheckReady(fetch: HttpFetch): CheckReady {
  return async (address, { port, health_path: path }) => {
    if (port === null) return null;
    if (address === null) return 'it has no address yet';
    return path === null ? takesConnections(address) : answers(fetch, `http://${address}${path}`);
  };
}

async function answers(fetch: HttpFetch, url: string): Promise<string | null> {
  try {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(answerWithinMs) });
    await response.body?.cancel();
    return response.ok ? null : `${url} answers ${response.status}`;
  } catch (thrown) {
    return `${url}: ${notReached(thrown)?.detail ?? 'no answer'}`;
  }
}

function takesConnections(address: string): Promise<string | null> {
  const [host = '', port = ''] = address.split(/:(?=\d+$)/);
  return new Promise((resolve) => {
    const socket = connect({ host: host.replace(/^\[|\]$/g, ''), port: Number(port), timeout: answerWithinMs });
    const end = (why: string | null) => {
      socket.destroy();
      resolve(why);
    };
    socket.once('connect', () => end(null));
    socket.once('timeout', () => end(`${address} takes no connection`));
    socket.once('error', () => end(`${address} takes no connection`));
  });
}
