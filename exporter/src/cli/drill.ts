import type { DrillRecord, Operation } from '../contract/operation.ts';
import { done, theService, withSession } from './context.ts';
import { formatTable, humanAge, humanDuration } from './format.ts';
import { countOption, nextLine, present, waitOptionsOf, withWaitOptions, type Register } from './options.ts';
import { describeResult, runOperation } from './wait.ts';

export const registerDrill: Register = (program, run) => {
  const command = program
    .command('drill [service]')
    .description(
      'Restore the newest backup into a private folder, compare every file, run the check, measure RTO and RPO',
    )
    .option('--copy <name>', 'restore from this copy instead of the repository')
    .option('--list', 'list past drills instead')
    .option('--limit <n>', 'with --list: rows at most', countOption, 50)
    .option('--cursor <cursor>', 'with --list: go on where the page before ended');
  withWaitOptions(command, 'plain').action(
    run((context, given) => {
      const options = given.opts<{ copy?: string; list?: boolean; limit: number; cursor?: string }>();
      const [named] = given.args;
      return withSession(context, options.list === true ? 'read' : 'act', async (session) => {
        if (options.list === true) {
          const page = await session.drills(present({ service: named, limit: options.limit, cursor: options.cursor }));
          const { stdout, clock } = context.deps;
          return done(
            context,
            page,
            ({ items, next }) => drillsTable(items, clock.now(), stdout.columns) + nextLine(next),
          );
        }
        const service = await theService(session, named);
        if (!service.ok) return service;
        const request = { kind: 'drill', service: service.value, copy: options.copy ?? null } as const;
        return runOperation(context, session, request, waitOptionsOf(given), describeDrill);
      });
    }),
  );
};

function describeDrill(operation: Operation): string {
  return `${operation.result?.['passed'] === false ? 'NOT PASSED: see the evidence\n' : ''}${describeResult(operation)}`;
}

function drillsTable(drills: readonly DrillRecord[], now: Date, columns: number | null): string {
  if (drills.length === 0) return 'no drill was run yet\n';
  const rows = drills.map((drill) => [
    drill.id,
    drill.service,
    humanAge(drill.startedAt, now),
    drill.passed ? 'passed' : 'FAILED',
    humanDuration(drill.rtoSeconds),
    humanDuration(drill.rpoSeconds),
    drill.levels.length === 0
      ? String(drill.entriesCompared)
      : drill.levels
          .map((l) => `${l.level}${l.result === 'passed' ? '+' : l.result === 'failed' ? '!' : '-'}`)
          .join(' '),
    drill.backupId ?? '-',
    drill.source,
    drill.failure?.message ?? '',
  ]);
  const titles = ['DRILL', 'SERVICE', 'AGE', 'RESULT', 'RTO', 'RPO', 'PROVEN', 'BACKUP', 'SOURCE', 'FAILURE'];
  return formatTable(
    titles.map((title) => ({ title })),
    rows,
    columns,
  );
}
