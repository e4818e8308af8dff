import { Argument } from 'commander';
import type { Operation } from '../contract/operation.ts';
import { playbookIssues, type PlaybookIssue, type ServicePlaybooks } from '../contract/playbooks.ts';
import { done, theService, withSession } from './context.ts';
import { formatTable, humanAge, printable } from './format.ts';
import { waitOptionsOf, withWaitOptions, type Register } from './options.ts';
import { describeResult, runOperation } from './wait.ts';

/** Recovery playbooks: what would be tried, what was, and the run itself. */
export const registerPlaybook: Register = (program, run) => {
  const playbook = program
    .command('playbook')
    .description('Recovery playbooks: what is tried for a service that is not well, proven by its health checks');
  playbook
    .command('list [service]', { isDefault: true })
    .description('Its playbooks, what is configured, and their last runs')
    .action(
      run((context, given) =>
        withSession(context, 'read', async (session) => {
          const service = await theService(session, given.args[0]);
          if (!service.ok) return service;
          const { clock, stdout } = context.deps;
          return done(context, await session.playbooks(service.value), (facts) =>
            playbooksText(facts, clock.now(), stdout.columns),
          );
        }),
      ),
    );
  withWaitOptions(
    playbook
      .command('run')
      .argument('<service>')
      .addArgument(new Argument('<issue>', 'what is wrong').choices(playbookIssues))
      .description('Try its actions in order until the health checks prove that one helped'),
    'destructive',
  ).action(
    run((context, given) => {
      const [service = '', issue = ''] = given.args;
      const request = { kind: 'playbook', service, issue: issue as PlaybookIssue } as const;
      return withSession(context, 'act', (session) =>
        runOperation(context, session, request, waitOptionsOf(given), describeRun),
      );
    }),
  );
};

const words: Readonly<Record<string, string>> = {
  healed: 'the health checks are good again',
  well_by_itself: 'the health checks are good again, though no action was proven to be the cause',
  not_needed: 'the health checks were good: nothing was done',
};

function describeRun(operation: Operation): string {
  const outcome = operation.result?.['outcome'];
  const told = typeof outcome === 'string' ? words[outcome] : undefined;
  return `${told === undefined ? '' : `${told}\n`}${describeResult(operation)}`;
}

function playbooksText(facts: ServicePlaybooks, now: Date, columns: number | null): string {
  const { service, mode, maxPerHour, runsLastHour, held, issues, playbooks } = facts;
  const head = [
    `${printable(service)}: mode ${mode}, ${runsLastHour} of at most ${maxPerHour} runs within the last hour`,
    ...(held === null ? [] : [`held: ${printable(held)}`]),
    ...issues.map(({ issue, why }) => `${issue} now: ${printable(why)}`),
  ];
  const actions = playbooks.flatMap((playbook) =>
    playbook.actions.map(({ action, attempts, when, configured, how }) => [
      playbook.issue,
      action,
      String(attempts),
      when ?? '',
      configured ? printable(how) : `not configured: ${printable(how)}`,
    ]),
  );
  const runs = playbooks.flatMap(({ issue, lastRuns }) =>
    lastRuns.map(({ operationId, state, by, startedAt, outcome }) => [
      operationId,
      issue,
      humanAge(startedAt, now),
      state,
      outcome ?? '',
      printable(by),
    ]),
  );
  const titled = (...titles: readonly string[]) => titles.map((title) => ({ title }));
  const table = formatTable(titled('PLAYBOOK', 'ACTION', 'TRIES', 'WHEN', 'HOW'), actions, columns);
  if (runs.length === 0) return `${head.join('\n')}\n${table}no run yet\n`;
  return `${head.join('\n')}\n${table}\n${formatTable(titled('RUN', 'PLAYBOOK', 'AGE', 'STATE', 'OUTCOME', 'BY'), runs, columns)}`;
}
