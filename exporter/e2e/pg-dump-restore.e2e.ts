import { restoreDatabase } from '../src/engines/backup/pg-dump/restore-database.ts';
import type { RepositoryRef } from '../src/engines/backup/port.ts';
import {
  all,
  backUp,
  codeOf,
  dumpDeps,
  endDumps,
  engine,
  quiet,
  startDumps,
  valueOf,
  type DumpBench,
  type DumpOptions,
} from './support/pg-dump.ts';
import type { TestServer } from './support/postgres.ts';

let dumps: DumpBench;
let server: TestServer;
const prepared = (options?: DumpOptions): Promise<RepositoryRef> => dumps.prepared(options);

beforeAll(async () => {
  dumps = await startDumps();
  ({ server } = dumps);
});
afterAll(endDumps);

describe('databases come back', () => {
  it('into a new one, with owner, privileges and settings', async () => {
    const repository = await prepared();
    const record = valueOf(await backUp(repository));
    const { name } = valueOf(
      await restoreDatabase(
        dumpDeps,
        {
          operationId: 'op_0123456789abcdef',
          repository,
          backupId: record.id,
          database: 'app',
          into: { kind: 'new', name: null },
        },
        quiet,
      ),
    );
    const [facts] = await server.sql(
      `select pg_get_userbyid(datdba) as owner, (select array_agg(a::text order by a::text) from unnest(datacl) a) as acl,
              (select array_agg(unnest order by unnest)::text from (select unnest(setconfig) from pg_db_role_setting where setdatabase = d.oid) s) as settings
         from pg_database d where datname = '${name}'`,
    );

    expect(name).toBe('app_restored_456789abcdef');
    expect(facts).toEqual({
      owner: 'shop',
      acl: ['=T/shop', 'reader=c/shop', 'shop=CTc/shop'],
      settings: '{"search_path=shop, public",work_mem=8MB}',
    });
    expect(await server.sql('select count(*)::int as n from shop.orders', name)).toEqual([{ n: 5000 }]);
    expect(
      codeOf(
        await restoreDatabase(
          dumpDeps,
          { operationId: 'op_x', repository, backupId: record.id, database: 'app', into: { kind: 'new', name } },
          quiet,
        ),
      ),
    ).toBe('target_not_empty');
    await server.sql(`drop database ${name}`);
  });

  it('into an empty one, and never into one that holds something', async () => {
    const repository = await prepared();
    const record = valueOf(await backUp(repository));
    await server.sql('create database blank template template0');
    const ask = (name: string) =>
      restoreDatabase(
        dumpDeps,
        { operationId: 'op_y', repository, backupId: record.id, database: 'app', into: { kind: 'empty', name } },
        quiet,
      );

    expect(valueOf(await ask('blank'))).toMatchObject({ name: 'blank', rows: 5002 });
    expect(codeOf(await ask('blank'))).toBe('target_not_empty');
    expect(codeOf(await ask('app'))).toBe('target_not_empty');
    expect(codeOf(await ask('nowhere'))).toBe('not_found');
    await server.sql('drop database blank');
  });

  it('in place: swapped while somebody is connected, the old one kept', async () => {
    const repository = await prepared();
    const record = valueOf(await backUp(repository));
    await server.sql('insert into shop.orders values (9999, now(), null)', 'app');
    const holding = server.sql('select pg_sleep(60)', 'app').catch((error: unknown) => String(error));
    const facts = valueOf(await engine.planRestore(repository, record.id, all, quiet.signal));
    const report = valueOf(
      await engine.restore(
        {
          operationId: 'op_00000000abcd',
          repository,
          backupId: record.id,
          selection: all,
          target: { kind: 'in_place', roots: facts.roots },
          restoreOwner: false,
        },
        quiet,
      ),
    );

    expect(report.replaced).toEqual(['app_before_00000000abcd']);
    expect(await holding).toContain('terminating connection');
    expect(await server.sql('select count(*)::int as n from shop.orders', 'app')).toEqual([{ n: 5000 }]);
    expect(await server.sql('select count(*)::int as n from shop.orders', 'app_before_00000000abcd')).toEqual([
      { n: 5001 },
    ]);
    await server.sql('drop database app_before_00000000abcd');
  });

  it('a restore whose rows do not add up is refused and leaves nothing', async () => {
    const repository = await prepared({ name: 'rows' });
    await server.sql('create database cast_off template template0');
    await server.sql(
      `create table a (x int); insert into a select generate_series(1, 10);
       create function skip() returns trigger language plpgsql as $$ begin return null; end $$;
       create trigger drops before insert on a for each row execute function skip(); alter table a enable always trigger drops`,
      'cast_off',
    );
    const record = valueOf(await backUp(dumps.repositoryOf({ name: 'rows', settings: { databases: ['cast_off'] } })));
    // The role that is named as owner is gone: pg_restore says so on stderr.
    await server.sql('create role leaver; alter table a owner to leaver', 'cast_off');
    const owned = valueOf(await backUp(dumps.repositoryOf({ name: 'rows', settings: { databases: ['cast_off'] } })));
    await server.sql('alter table a owner to postgres; drop role leaver', 'cast_off');
    const before = await dumps.databases();
    const failed = await restoreDatabase(
      dumpDeps,
      { operationId: 'op_z', repository, backupId: owned.id, database: 'cast_off', into: { kind: 'new', name: null } },
      quiet,
    );

    expect(record.status).toBe('completed');
    expect(codeOf(failed)).toBe('restore_failed');
    expect(failed.ok ? '' : failed.error.message).toContain('leaver');
    expect(await dumps.databases()).toEqual(before);
    await server.sql('drop database cast_off');
  });
});
