/** What `pg_restore --list` shows. Lines of entries begin with the dump id; comments with a semicolon. */
const entryLine = /^(\d+); \d+ \d+ (.+)$/;

export interface Toc {
  readonly entries: number;
  readonly tableData: number;
}

export function readToc(text: string): Toc {
  const entries = text.split('\n').flatMap((line) => entryLine.exec(line)?.[2] ?? []);
  return { entries: entries.length, tableData: entries.filter((e) => e.startsWith('TABLE DATA ')).length };
}

/**
 * The list without what would make a throwaway server reach out or need what it must not have: subscriptions, and the content of
 * materialised views, whose queries may read foreign tables. Returns the list for `--use-list`.
 */
export function tocForDrill(text: string): { readonly list: string; readonly left: readonly string[] } {
  const left: string[] = [];
  const kept = text.split('\n').filter((line) => {
    const entry = entryLine.exec(line)?.[2];
    const reaches = entry !== undefined && /^(SUBSCRIPTION|MATERIALIZED VIEW DATA|EVENT TRIGGER) /.test(entry);
    if (reaches) left.push(entry);
    return !reaches;
  });
  return { list: kept.join('\n'), left };
}

const errorLine = /^(pg_\w+|psql)(:\S*)? ?:? ?(error|fatal|panic):/i;
const serverLine = /^(ERROR|FATAL|PANIC):/;
const warningLine = /^pg_\w+: warning:/;

function linesOf(stderr: string, isWanted: (line: string) => boolean): readonly string[] {
  return stderr
    .split('\n')
    .map((line) => line.trim())
    .filter(isWanted);
}

/** Lines with which the programs say that something failed, whatever they exit with. */
export function errorsIn(stderr: string): readonly string[] {
  return linesOf(stderr, (line) => errorLine.test(line) || serverLine.test(line));
}

/** Of pg_dump they are worth knowing; of pg_restore they mean that something is not there. Notices of the server are neither. */
export function warningsIn(stderr: string): readonly string[] {
  return linesOf(stderr, (line) => warningLine.test(line));
}
