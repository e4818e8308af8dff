import { sql, type Expression, type RawBuilder, type SqlBool } from 'kysely';

/** Text as LIKE takes it literally, with the escape character that `contains` names. */
function literal(text: string): string {
  return text.toLowerCase().replaceAll(/[\\%_]/g, (character) => `\\${character}`);
}

/**
 * Whether the column has the text somewhere in it; upper and lower case of ASCII letters are the same in every database, those
 * beyond it in PostgreSQL only.
 */
export function contains(column: Expression<string | null>, text: string): RawBuilder<SqlBool> {
  return sql<SqlBool>`lower(${column}) like ${`%${literal(text)}%`} escape '\\'`;
}
