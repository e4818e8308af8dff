import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { PgSession } from '../../postgres/client.ts';
import { readDatabase, shownText } from './database.ts';

const server = {
  version: '15.18 (Debian 15.18-0+deb12u1)',
  connectionsMax: 60,
  connectionsUsed: 2,
  locksWaiting: 0,
  longestTransactionSeconds: null,
};

/** Answers by a word of the statement; remembers what was asked. */
function sessionWith(answers: Readonly<Record<string, Outcome<readonly unknown[]>>>): PgSession & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    query: <R>(sql: string) => {
      const found = Object.entries(answers).find(([word]) => sql.includes(word));
      asked.push(found?.[0] ?? sql);
      return Promise.resolve((found?.[1] ?? ok([])) as Outcome<readonly R[]>);
    },
    end: () => Promise.resolve(),
  };
}

const all = {
  server_version: ok([server]),
  pg_stat_database: ok([{ name: 'postgres', commits: 30, rollbacks: 1 }]),
  pg_database_size: ok([{ name: 'postgres', bytes: 7_699_815 }]),
  pg_total_relation_size: ok([{ name: 'genesis.heartbeat', bytes: 32_768, rows: null }]),
  pg_extension: ok([{ schema: 'public' }]),
  'pg_stat_statements WHERE': ok([
    { id: '7', text: "ALTER ROLE shop PASSWORD 'hidden'", calls: 1, totalSeconds: 0.1, meanSeconds: 0.1 },
  ]),
};

describe('readDatabase', () => {
  it('reads sizes and queries once a minute, the rest each time', async () => {
    const first = await readDatabase(sessionWith(all), null, 0);
    if (!first.ok) throw first.error;
    expect(first.value.facts).toMatchObject({
      ...server,
      databases: [{ name: 'postgres', bytes: 7_699_815, commits: 30, rollbacks: 1 }],
      queries: [{ id: '7', text: 'ALTER ROLE …' }],
    });

    const soon = sessionWith(all);
    const second = await readDatabase(soon, first.value.memory, 59_000);
    expect(second.ok && second.value.facts).toEqual(first.value.facts);
    expect(soon.asked).toEqual(['server_version', 'pg_stat_database']);
    const after = sessionWith(all);
    await readDatabase(after, first.value.memory, 60_000);
    expect(after.asked).toContain('pg_database_size');
    const setBack = sessionWith(all);
    await readDatabase(setBack, first.value.memory, -1);
    expect(setBack.asked).toContain('pg_database_size');
  });

  it('keeps what was read of tables while a lock holds them, and fails where the server does', async () => {
    const first = await readDatabase(sessionWith(all), null, 0);
    if (!first.ok) throw first.error;
    const locked = { ...all, pg_total_relation_size: fail<readonly unknown[]>('postgres_failed', 'statement timeout') };

    const second = await readDatabase(sessionWith(locked), first.value.memory, 60_000);
    expect(second.ok && second.value.facts.tables).toEqual(first.value.facts.tables);
    const gone = { ...all, server_version: fail<readonly unknown[]>('postgres_unreachable', 'gone') };
    expect((await readDatabase(sessionWith(gone), first.value.memory, 0)).ok).toBe(false);
  });

  it('has no queries without the extension, or where it is made but not loaded', async () => {
    const without = await readDatabase(sessionWith({ ...all, pg_extension: ok([]) }), null, 0);
    expect(without.ok && without.value.facts.queries).toBeNull();
    const unloaded = {
      ...all,
      'pg_stat_statements WHERE': fail<readonly unknown[]>('postgres_failed', 'must be loaded', {
        details: { sqlstate: '55000' },
      }),
    };
    const second = await readDatabase(sessionWith(unloaded), null, 0);
    expect(second.ok && second.value.facts.queries).toBeNull();
  });
});

describe('shownText', () => {
  it('shows statements whose constants the extension has replaced', () => {
    expect(shownText('SELECT * FROM t WHERE id = $1')).toBe('SELECT * FROM t WHERE id = $1');
    expect(shownText('  with x as (select $1) select * from x')).toContain('from x');
  });

  it.each([
    ["CREATE ROLE a LOGIN PASSWORD 'secret'", 'CREATE ROLE …'],
    ["ALTER USER a PASSWORD 'secret'", 'ALTER USER …'],
    ["COPY t FROM PROGRAM 'curl -H token:secret'", 'COPY t …'],
    ['VACUUM', 'VACUUM …'],
  ])('%s', (text, shown) => expect(shownText(text)).toBe(shown));
});
