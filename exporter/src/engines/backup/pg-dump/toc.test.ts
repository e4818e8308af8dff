import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { globalsForDrill, superuserOf } from './globals.ts';
import { errorsIn, readToc, tocForDrill, warningsIn } from './toc.ts';

const recorded = (name: string): string => readFileSync(join(import.meta.dirname, 'testdata', name), 'utf8');

describe('what the programs of PostgreSQL 15 wrote', () => {
  it('a table of contents is counted, names with blanks too', () => {
    expect(readToc(recorded('list-15.txt'))).toEqual({ entries: 9, tableData: 2 });
    expect(readToc('')).toEqual({ entries: 0, tableData: 0 });
  });

  it('a drill leaves out what would reach out', () => {
    const { list, left } = tocForDrill(recorded('list-15.txt'));

    expect(left.map((entry) => entry.split(' ').slice(0, 2).join(' '))).toEqual([
      'SUBSCRIPTION -',
      'EVENT TRIGGER',
      'MATERIALIZED VIEW',
    ]);
    expect(readToc(list)).toEqual({ entries: 6, tableData: 2 });
  });

  it('errors are seen, warnings are told apart, notices of the server are neither', () => {
    const said = recorded('restore-errors-15.txt');

    expect(errorsIn(said)).toHaveLength(6);
    expect(errorsIn(said)[0]).toContain('function "f" already exists');
    expect(warningsIn(said)).toEqual(['pg_restore: warning: errors ignored on restore: 6']);
    expect(errorsIn('WARNING:  tables were not subscribed\nNOTICE:  x\n')).toEqual([]);
    expect(errorsIn('psql:/x/globals.sql:12: ERROR:  role "a" already exists')).toHaveLength(1);
    expect(errorsIn('FATAL:  the database system is shutting down')).toHaveLength(1);
  });
});

describe('globals for a throwaway server', () => {
  const text = recorded('globals-15.sql');
  const kept = globalsForDrill(text, 'postgres');

  it('hold no password, no tablespace and not the role that is there', () => {
    expect(text).toContain('SCRAM-SHA-256$');
    expect(kept).not.toMatch(/SCRAM|PASSWORD|TABLESPACE|CREATE ROLE postgres;/);
  });

  it('keep every other role, membership and setting', () => {
    expect(kept).toContain('CREATE ROLE "Odd role";');
    expect(kept).toContain(
      'ALTER ROLE shop WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB LOGIN NOREPLICATION NOBYPASSRLS;',
    );
    expect(kept).toContain('GRANT shop TO "Odd role"');
    expect(kept).toContain("ALTER ROLE shop SET work_mem TO '8MB';");
  });

  it('tell who is superuser', () => {
    expect(superuserOf(text)).toBe('postgres');
    expect(superuserOf('ALTER ROLE "the ""boss""" WITH SUPERUSER INHERIT LOGIN;')).toBe('the "boss"');
    expect(superuserOf('ALTER ROLE a WITH SUPERUSER INHERIT NOLOGIN;')).toBe('postgres');
    expect(globalsForDrill('CREATE ROLE "the boss";\nCREATE ROLE b;', 'the boss')).toBe('CREATE ROLE b;');
  });
});
