import { readFileSync } from 'node:fs';
import { judgeInfo, parseInfo } from './info.ts';

/** Recorded from Debian's redis-server with `redis-cli INFO`. */
const recorded = (name: string): string => readFileSync(new URL(`testdata/${name}.txt`, import.meta.url), 'utf8');
const primary = parseInfo(recorded('redis-7.0.15-info-primary'));
const withFields = (...fields: (readonly [string, string])[]) => judgeInfo(new Map([...primary, ...fields]));

describe('the answer of INFO', () => {
  it('of a primary is healthy, with its version, role and memory', () => {
    const seen = judgeInfo(primary);

    expect(seen.state).toBe('healthy');
    expect(seen.detail).toMatch(/^PONG of Redis 7\.0\.15, master, [\d.]+ (KiB|MiB) used$/);
  });

  it('of a replica whose primary is gone is degraded', () => {
    const seen = judgeInfo(parseInfo(recorded('redis-7.0.15-info-replica-down')));

    expect(seen).toMatchObject({ state: 'degraded', detail: expect.stringContaining('its primary is not connected') });
  });

  it('of a server whose memory is used up is unhealthy where no key makes room', () => {
    const full = judgeInfo(parseInfo(recorded('redis-7.0.15-info-memory-full')));
    const nearly = withFields(['used_memory', '960'], ['maxmemory', '1000'], ['maxmemory_policy', 'noeviction']);
    const evicting = withFields(['maxmemory', '1'], ['maxmemory_policy', 'allkeys-lru']);

    expect(full).toMatchObject({ state: 'unhealthy', detail: expect.stringContaining('it refuses writes') });
    expect(nearly.state).toBe('degraded');
    expect(evicting.state).toBe('healthy');
  });

  it('of a server that loads its data is unhealthy, and of one that cannot save is degraded', () => {
    expect(withFields(['loading', '1']).state).toBe('unhealthy');
    expect(withFields(['rdb_last_bgsave_status', 'err']).state).toBe('degraded');
    expect(withFields(['aof_last_write_status', 'err']).state).toBe('degraded');
  });

  it('of a Valkey is told as such', () => {
    expect(withFields(['valkey_version', '8.1.1']).detail).toMatch(/^PONG of Valkey 8\.1\.1, /);
  });

  it('without anything known still says that it answered', () => {
    expect(judgeInfo(parseInfo(''))).toEqual({
      state: 'healthy',
      answered: true,
      detail: 'PONG of Redis unknown, unknown',
    });
  });
});
