import type { Seen } from '../port.ts';
import { inBytes } from '../words.ts';

/** The answer of INFO: `key:value` lines in sections. */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const at = line.indexOf(':');
    if (at > 0 && !line.startsWith('#')) found.set(line.slice(0, at), line.slice(at + 1).trimEnd());
  }
  return found;
}

const nearlyFull = 0.95;

/** What INFO says of a server that answered PING. */
export function judgeInfo(info: ReadonlyMap<string, string>): Seen {
  const version = info.get('valkey_version') ?? info.get('redis_version') ?? 'unknown';
  const role = info.get('role') ?? 'unknown';
  const used = Number(info.get('used_memory'));
  const bound = Number(info.get('maxmemory') ?? 0);
  const memory = Number.isFinite(used) ? [`${inBytes(used)}${bound > 0 ? ` of ${inBytes(bound)}` : ''} used`] : [];
  const facts = [`PONG of ${info.has('valkey_version') ? 'Valkey' : 'Redis'} ${version}`, role, ...memory];
  const say = (state: Seen['state'], ...problem: readonly string[]): Seen => ({
    state,
    answered: true,
    detail: [...facts, ...problem].join(', '),
  });
  if (info.get('loading') === '1') return say('unhealthy', 'it is still loading its data');
  // With any other policy old keys make room.
  const filled = bound > 0 && info.get('maxmemory_policy') === 'noeviction' ? used / bound : 0;
  if (filled >= 1) return say('unhealthy', 'its memory is used up and it refuses writes');
  // The command itself counts as well (7.0.15): larger writes are refused before the figure reaches the bound.
  if (filled >= nearlyFull) return say('degraded', 'its memory is nearly used up');
  if (role === 'slave' && info.get('master_link_status') !== 'up')
    return say('degraded', 'its primary is not connected');
  if (info.get('rdb_last_bgsave_status') === 'err') return say('degraded', 'its last snapshot to disk failed');
  if (info.get('aof_last_write_status') === 'err') return say('degraded', 'its last write to the log on disk failed');
  return say('healthy');
}
