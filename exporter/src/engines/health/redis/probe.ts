import type { RedisClientOptions } from '@redis/client';
import type { Probe, RedisCheck, Seen } from '../port.ts';
import { notReached, oneLine } from '../words.ts';
import { judgeInfo, parseInfo } from './info.ts';

type Library = typeof import('@redis/client');
let library: Promise<Library> | null = null;

/** Half a second and 28 MB of memory (6.3.1 on two slow cores), so only for those who check a Redis, and not within a probe's time. */
export function loadRedisClient(): Promise<Library> {
  return (library ??= import('@redis/client'));
}

/** PING, then INFO for role and memory. A connection of its own each time: an old one would not show that no new ones are taken. */
export const probeRedis: Probe<'redis'> = async (target, { signal, timeoutMs }) => {
  const { createClient } = await loadRedisClient();
  const client = createClient({
    socket: socketOf(target, timeoutMs),
    database: target.db,
    // Commands before or after the connection fail at once instead of waiting for another one.
    disableOfflineQueue: true,
    // What servers before Redis 6 understand too; and nothing is sent that was not asked for.
    RESP: 2,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    ...(target.password === null ? {} : { password: target.password }),
  });
  // Without a listener the client throws it into the process; the awaited calls tell the same.
  client.on('error', () => undefined);
  const stop = (): void => client.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await client.connect();
    const pong = await client.ping();
    if (pong !== 'PONG') return { state: 'unhealthy', answered: true, detail: 'PING was not answered with PONG' };
    return await readInfo(() => client.info());
  } catch (thrown) {
    return describe(thrown, target);
  } finally {
    signal.removeEventListener('abort', stop);
    if (client.isOpen) client.destroy();
  }
};

function socketOf(target: RedisCheck, connectTimeout: number): NonNullable<RedisClientOptions['socket']> {
  const once = { connectTimeout, reconnectStrategy: false } as const;
  if (target.host.startsWith('/')) return { ...once, path: target.host };
  const address = { ...once, host: target.host, port: target.port };
  return target.tls ? { ...address, tls: true } : address;
}

async function readInfo(info: () => Promise<string>): Promise<Seen> {
  try {
    return judgeInfo(parseInfo(await info()));
  } catch (thrown) {
    // A user of an access list may be allowed PING only: it answered, and that is all that is known.
    if (replyOf(thrown) === 'NOPERM') return { state: 'healthy', answered: true, detail: 'PONG; INFO is not allowed' };
    throw thrown;
  }
}

/** First word of an error that the server sent, e.g. `NOAUTH`, `LOADING`; null for all other errors. */
function replyOf(thrown: unknown): string | null {
  if (!Error.isError(thrown)) return null;
  return /^([A-Z]{2,}) /.exec((thrown as Error).message)?.[1] ?? null;
}

const credentials = new Set(['NOAUTH', 'WRONGPASS', 'NOPERM', 'DENIED']);

function describe(thrown: unknown, target: RedisCheck): Seen {
  const where = target.host.startsWith('/') ? target.host : `${target.host}:${target.port}`;
  const reply = replyOf(thrown);
  if (reply !== null) {
    // The texts are the server's own; a password is never part of them, and is taken out all the same.
    const { message } = thrown as Error;
    const said = oneLine(target.password === null ? message : message.replaceAll(target.password, '***'));
    const ours = credentials.has(reply) || (reply === 'ERR' && /\bAUTH\b|DB index/.test(message));
    return { state: ours ? 'error' : 'unhealthy', answered: true, detail: `${where}: ${said}` };
  }
  const reached = notReached(thrown);
  if (reached !== null) return { ...reached, detail: `${where}: ${reached.detail}` };
  const name = Error.isError(thrown) ? (thrown as Error).name : typeof thrown;
  return { state: 'unhealthy', answered: false, detail: `${where}: the connection failed (${name})` };
}
