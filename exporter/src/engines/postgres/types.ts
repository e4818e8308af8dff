/** What the parsers of types 1114 (timestamp) and 1184 (timestamptz) get with DateStyle ISO and time zone UTC. */
const momentText = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}(?:\.\d+)?)(?:\+00)?$/;

/**
 * ISO text in UTC with milliseconds. `infinity`, years before Christ and after 9999 stay as PostgreSQL writes them: no calendar of
 * ours holds them.
 */
export function isoOf(text: string): string {
  const parts = momentText.exec(text);
  return parts === null ? text : new Date(`${parts[1]}T${parts[2]}Z`).toISOString();
}

/** An identifier as it stands in SQL, whatever is in it. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** `schema.table` as it stands in SQL; only the first dot divides. */
export function quoteQualified(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0
    ? quoteIdentifier(name)
    : `${quoteIdentifier(name.slice(0, dot))}.${quoteIdentifier(name.slice(dot + 1))}`;
}
