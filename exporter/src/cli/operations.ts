import { Option } from 'commander';
import { operationKinds, operationStates, type Operation } from '../contract/operation.ts';
import type { OperationFilter } from '../store/port.ts';
import { done, withSession } from './context.ts';
import { formatFacts, formatTable, humanAge, humanDuration, humanTime, printable } from './format.ts';
import { durationOption, nextLine, present, withPaging, type Register } from './options.ts';
import { describeResult, follow } from './wait.ts';

export const registerOperations: Register = (program, run) => {
  const operations = program.command('operations').description('The journal: what was done, what runs, what it left');
  const list = operations
    .command('list', { isDefault: true })
    .description('Operations, newest first')
    .option('--service <name>', 'only of this service')
    .addOption(new Option('--kind <kind>', 'only of this kind').choices(operationKinds))
    .addOption(new Option('--state <state>', 'only in this state').choices(operationStates));
  withPaging(list).action(
    run((context, command) =>
      withSession(context, 'read', async (session) => {
        const page = await session.operations(present(command.opts<OperationFilter>()));
        const { stdout, clock } = context.deps;
        return done(
          context,
          page,
          ({ items, next }) => operationsTable(items, clock.now(), stdout.columns) + nextLine(next),
        );
      }),
    ),
  );
  operations
    .command('show <operation>')
    .description('One operation with its steps')
    .action(
      run((context, command) =>
        withSession(context, 'read', async (session) =>
          done(context, await session.operation(command.args[0] ?? ''), operationText),
        ),
      ),
    );
  operations
    .command('watch <operation>')
    .description('Wait for the end of a running operation, with its progress')
    .option('--timeout <duration>', 'stop waiting after this long', durationOption)
    .option('--cancel-on-interrupt', 'Ctrl-C cancels the operation instead of only leaving it')
    .action(
      run((context, command) =>
        withSession(context, 'server', async (session) => {
          const options = command.opts<{ timeout?: number; cancelOnInterrupt?: boolean }>();
          const operation = await session.operation(command.args[0] ?? '');
          if (!operation.ok) return operation;
          const waiting = { timeout: options.timeout ?? null, cancelOnInterrupt: options.cancelOnInterrupt === true };
          return follow(context, session, operation.value, waiting);
        }),
      ),
    );
  operations
    .command('cancel <operation>')
    .description('Cancel what is queued or running')
    .option('--reason <text>', 'why; goes into the audit log')
    .action(
      run((context, command) =>
        withSession(context, 'server', async (session) => {
          const reason = command.opts<{ reason?: string }>().reason ?? null;
          const cancelled = await session.cancel(command.args[0] ?? '', reason);
          return done(
            context,
            cancelled,
            (operation) => `${operation.id}: cancellation is under way (${operation.state})\n`,
          );
        }),
      ),
    );
};

function operationsTable(items: readonly Operation[], now: Date, columns: number | null): string {
  if (items.length === 0) return 'no operation matches\n';
  const rows = items.map((operation) => [
    operation.id,
    operation.kind,
    operation.service,
    operation.state,
    humanAge(operation.createdAt, now),
    tookText(operation),
    operation.actor.name,
    operation.error?.message ?? operation.progress?.phase ?? '',
  ]);
  const titles = ['OPERATION', 'KIND', 'SERVICE', 'STATE', 'AGE', 'TOOK', 'BY', 'DETAIL'];
  return formatTable(
    titles.map((title) => ({ title })),
    rows,
    columns,
  );
}

function tookText({ startedAt, endedAt }: Operation): string {
  return startedAt === null || endedAt === null
    ? '-'
    : humanDuration((Date.parse(endedAt) - Date.parse(startedAt)) / 1000);
}

function operationText(operation: Operation): string {
  const steps = operation.steps.map((step) => [
    step.name,
    step.state,
    humanTime(step.startedAt),
    humanTime(step.endedAt),
    step.detail ?? '',
  ]);
  const titles = ['STEP', 'STATE', 'STARTED', 'ENDED', 'DETAIL'];
  return [
    describeResult(operation),
    formatFacts([
      ['operation', operation.id],
      [
        'asked for',
        `${humanTime(operation.createdAt)} by ${operation.actor.name} (${operation.actor.role}, ${operation.actor.via})`,
      ],
      ['reason', operation.reason ?? '-'],
      ['took', tookText(operation)],
    ]),
    operation.error === null
      ? ''
      : `error: ${printable(operation.error.message)} [${operation.error.code}]\n  hint: ${printable(operation.error.hint)}\n`,
    steps.length === 0
      ? ''
      : `\n${formatTable(
          titles.map((title) => ({ title })),
          steps,
          null,
        )}`,
  ].join('');
}
