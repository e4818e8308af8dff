import { quoteIdentifier } from '../../postgres/types.ts';
import type { DatabaseProperties } from './manifest.ts';

/** Settings whose text is a list of names that are quoted one by one already: quoting it as a whole would make it one name. */
const listSettings = new Set([
  'search_path',
  'temp_tablespaces',
  'session_preload_libraries',
  'shared_preload_libraries',
  'local_preload_libraries',
  'unix_socket_directories',
]);

function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

/** An empty database like the one that was dumped: its locale decides what its indexes mean. */
export function createDatabaseSql(name: string, p: DatabaseProperties, major: number): string {
  const provider =
    major < 15 || p.provider === 'c'
      ? ''
      : p.provider === 'i'
        ? ` locale_provider icu icu_locale ${literal(p.locale ?? '')}`
        : ` locale_provider builtin builtin_locale ${literal(p.locale ?? '')}`;
  return (
    `create database ${quoteIdentifier(name)} template template0 encoding ${literal(p.encoding)}` +
    ` lc_collate ${literal(p.collate)} lc_ctype ${literal(p.ctype)}${provider}`
  );
}

/** Owner, privileges and settings, as statements to be run on the database called `name`. */
export function propertiesSql(name: string, p: DatabaseProperties): readonly string[] {
  const database = quoteIdentifier(name);
  const statements = [`alter database ${database} owner to ${quoteIdentifier(p.owner)}`];
  if (p.grants !== null) {
    statements.push(`revoke all on database ${database} from public`);
    for (const { role, privilege, grantable } of p.grants) {
      // Names of privileges are PostgreSQL's own words; anything else did not come from it.
      if (!/^[A-Z ]{1,20}$/.test(privilege)) continue;
      const to = role === null ? 'public' : quoteIdentifier(role);
      statements.push(`grant ${privilege} on database ${database} to ${to}${grantable ? ' with grant option' : ''}`);
    }
  }
  for (const { role, values } of p.settings) {
    const what = role === null ? `database ${database}` : `role ${quoteIdentifier(role)} in database ${database}`;
    for (const value of values) statements.push(...settingSql(what, value));
  }
  return statements;
}

function settingSql(what: string, text: string): readonly string[] {
  const at = text.indexOf('=');
  if (at < 1) return [];
  const name = text.slice(0, at);
  const value = text.slice(at + 1);
  const quotedName = name.split('.').map(quoteIdentifier).join('.');
  if (!listSettings.has(name.toLowerCase())) return [`alter ${what} set ${quotedName} to ${literal(value)}`];
  return [`alter ${what} set ${quotedName} to ${listOf(value)}`];
}

/** `"$user", public` to literals of its members. */
function listOf(text: string): string {
  const members = [...text.matchAll(/\s*("(?:[^"]|"")*"|[^,]*)\s*(?:,|$)/g)]
    .map(([, member = '']) => member.trim())
    .filter((member) => member !== '')
    .map((member) => (member.startsWith('"') ? member.slice(1, -1).replaceAll('""', '"') : member));
  return members.length === 0 ? "''" : members.map(literal).join(', ');
}
