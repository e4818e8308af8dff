import type { Difference } from './generated-files.ts';

/** Lines of one file's diff that are shown; a new dashboard alone has thousands. */
const shownLines = 200;
/** Beyond so many changed lines the search for the shortest diff takes longer than anybody reads. */
const editsMax = 4_000;

/** The difference as a unified diff from what is on disk to what belongs there; `/dev/null` stands for no file. */
export async function unifiedDiff(difference: Difference): Promise<string> {
  const { createTwoFilesPatch } = await import('diff');
  const { path, kind, before, after } = difference;
  const from = kind === 'missing' ? '/dev/null' : `a/${path}`;
  const to = kind === 'extra' ? '/dev/null' : `b/${path}`;
  const patch = createTwoFilesPatch(from, to, before ?? '', after ?? '', '', '', {
    context: 3,
    maxEditLength: editsMax,
  });
  if (patch === undefined) return `--- ${from}\n+++ ${to}\nmore than ${editsMax} lines differ\n`;
  // The library's first line is a rule of equals signs that patch(1) skips.
  const lines = patch.replace(/^=+\n/, '').trimEnd().split('\n');
  const left = lines.length - shownLines;
  const shown = left > 0 ? [...lines.slice(0, shownLines), `... ${left} more lines`] : lines;
  return `${shown.join('\n')}\n`;
}
