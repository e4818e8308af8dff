import type { BackupFile } from '../contract/backup.ts';
import { done, withSession } from './context.ts';
import { formatTable, humanTime } from './format.ts';
import { latestBackup } from './latest.ts';
import { countOption, nextLine, type Register } from './options.ts';

export const registerLs: Register = (program, run) => {
  program
    .command('ls <backup> [prefix]')
    .description('Files of a backup (an id, or "latest") in path order, e.g. genesis ls latest data/')
    .option('--service <name>', 'whose latest')
    .option('--limit <n>', 'rows at most', countOption, 200)
    .option('--cursor <cursor>', 'go on where the page before ended')
    .action(
      run((context, command) =>
        withSession(context, 'read', async (session) => {
          const options = command.opts<{ service?: string; limit: number; cursor?: string }>();
          const id = await latestBackup(session, command.args[0] ?? '', options.service ?? null, null);
          if (!id.ok) return id;
          const query = { prefix: command.args[1] ?? '', cursor: options.cursor ?? null, limit: options.limit };
          const page = await session.files(id.value, query);
          return done(
            context,
            page,
            ({ items, next }) => filesTable(items, context.deps.stdout.columns) + nextLine(next),
          );
        }),
      ),
    );
};

function filesTable(files: readonly BackupFile[], columns: number | null): string {
  if (files.length === 0) return 'no file matches\n';
  const rows = files.map((file) => [
    modeText(file),
    `${file.uid}:${file.gid}`,
    String(file.bytes),
    humanTime(file.modifiedAt),
    file.component,
    file.linkTarget === null ? file.path : `${file.path} -> ${file.linkTarget}`,
  ]);
  const titles = ['MODE', 'OWNER', 'BYTES', 'MODIFIED', 'COMPONENT', 'PATH'];
  return formatTable(
    titles.map((title) => ({ title, align: title === 'BYTES' ? 'right' : 'left' })),
    rows,
    columns,
  );
}

const kindLetters: Readonly<Record<BackupFile['kind'], string>> = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  hardlink: 'h',
};

/** As ls prints it: `-rw-r--r--`, with setuid, setgid and sticky. */
export function modeText({ kind, mode }: Pick<BackupFile, 'kind' | 'mode'>): string {
  const triple = (shift: number, special: boolean, letter: string): string => {
    const bits = (mode >> shift) & 7;
    const execute = (bits & 1) !== 0;
    const last = special ? (execute ? letter : letter.toUpperCase()) : execute ? 'x' : '-';
    return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${last}`;
  };
  return (
    kindLetters[kind] +
    triple(6, (mode & 0o4000) !== 0, 's') +
    triple(3, (mode & 0o2000) !== 0, 's') +
    triple(0, (mode & 0o1000) !== 0, 't')
  );
}
