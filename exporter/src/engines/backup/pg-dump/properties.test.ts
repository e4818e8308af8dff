import { clientEnvironment, connectionString } from './server.ts';
import { folderName } from './layout.ts';
import type { DatabaseProperties } from './manifest.ts';
import { createDatabaseSql, propertiesSql } from './properties.ts';
import { besideName } from './restore-database.ts';

const plain: DatabaseProperties = {
  owner: 'shop',
  encoding: 'UTF8',
  collate: 'C',
  ctype: 'C',
  provider: 'c',
  locale: null,
  grants: null,
  settings: [],
};

describe('a database is made like the one that was dumped', () => {
  it('with its encoding and locale', () => {
    expect(createDatabaseSql('app', plain, 15)).toBe(
      `create database "app" template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'`,
    );
    expect(createDatabaseSql('a"b', { ...plain, provider: 'i', locale: 'de-DE' }, 15)).toContain(
      `"a""b" template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C' locale_provider icu icu_locale 'de-DE'`,
    );
  });

  it('with its owner, its privileges and nobody else’s', () => {
    const grants = [
      { role: null, privilege: 'TEMPORARY', grantable: false },
      { role: 'a"b', privilege: 'CONNECT', grantable: true },
      { role: 'x', privilege: 'CONNECT; drop database', grantable: false },
    ];

    expect(propertiesSql('app', { ...plain, grants })).toEqual([
      'alter database "app" owner to "shop"',
      'revoke all on database "app" from public',
      'grant TEMPORARY on database "app" to public',
      'grant CONNECT on database "app" to "a""b" with grant option',
    ]);
  });

  it('with its settings: lists member by member, texts as they are', () => {
    const settings = [
      {
        role: null,
        values: ['search_path="$user", public, "Odd, name"', "application_name=it's a \\ text", 'my.ext=1'],
      },
      { role: 'reader', values: ['work_mem=8MB', 'search_path=""', 'nothing'] },
    ];

    expect(propertiesSql('app', { ...plain, settings }).slice(1)).toEqual([
      `alter database "app" set "search_path" to '$user', 'public', 'Odd, name'`,
      `alter database "app" set "application_name" to  E'it''s a \\\\ text'`,
      `alter database "app" set "my"."ext" to '1'`,
      `alter role "reader" in database "app" set "work_mem" to '8MB'`,
      `alter role "reader" in database "app" set "search_path" to ''`,
    ]);
  });
});

describe('names', () => {
  it('of databases become names of folders that cannot lead elsewhere', () => {
    expect(folderName('app')).toBe('app');
    expect(folderName('../a b=ü')).toBe('%2e%2e%2fa%20b%3d%c3%bc');
  });

  it('of what stands beside keep their end within 63 bytes', () => {
    expect(besideName('app', 'before', 'op_0123456789abcdef')).toBe('app_before_456789abcdef');
    const long = besideName('ü'.repeat(31), 'restored', 'op_0123456789abcdef');
    expect(Buffer.byteLength(long)).toBeLessThanOrEqual(63);
    expect(long).toMatch(/^ü+_restored_456789abcdef$/);
  });

  it('are never read as connection strings', () => {
    const server = { host: '/run', port: 5432, user: 'u', password: 'p', database: 'd', tlsCa: null };

    expect(connectionString("a'b\\c=d")).toBe(`dbname='a\\'b\\\\c=d'`);
    expect(clientEnvironment(server, 'host=evil')).toMatchObject({
      PGDATABASE: 'host=evil',
      PGPASSWORD: 'p',
      PGSSLMODE: 'disable',
    });
    expect(clientEnvironment({ ...server, password: null, tlsCa: '/ca.pem' }, 'd')).toMatchObject({
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: '/ca.pem',
    });
    expect(clientEnvironment({ ...server, password: null }, 'd')).not.toHaveProperty('PGPASSWORD');
  });
});
