import type { FailoverFacts } from '../contract/failover.ts';
import { registerPauses } from './automation.ts';
import { done, theService, withSession } from './context.ts';
import { formatTable, humanAge, humanBytes, humanTime, printable } from './format.ts';
import { timeOption, waitOptionsOf, withWaitOptions, type Register } from './options.ts';
import { runOperation } from './wait.ts';

/** Who serves, and the four ways to change it. */
export const registerFailover: Register = (program, run) => {
  const failover = program.command('failover').description('Who serves, who could take over, and the takeover itself');
  failover
    .command('show [service]', { isDefault: true })
    .description('Would a failover succeed now, and why not')
    .action(
      run((context, given) =>
        withSession(context, 'server', async (session) => {
          const service = await theService(session, given.args[0]);
          if (!service.ok) return service;
          return done(context, await session.failover(service.value), ({ failover: facts }) =>
            factsText(service.value, facts, context.deps.clock.now(), context.deps.stdout.columns),
          );
        }),
      ),
    );
  withWaitOptions(
    failover
      .command('run <service>')
      .description('Unplanned: fence the primary, promote a standby')
      .option('--to <node>', 'promote this node; default the best one')
      .option('--force', 'go on without proof that the old primary is down, or past the bound on data loss'),
    'destructive',
  ).action(
    run((context, given) => {
      const { to = null, force = false } = given.opts<{ to?: string; force?: boolean }>();
      const request = { kind: 'failover', service: given.args[0] ?? '', candidate: to, force } as const;
      return withSession(context, 'act', (session) => runOperation(context, session, request, waitOptionsOf(given)));
    }),
  );
  registerPauses(failover, run, {
    what: 'failover',
    paused: 'does not fail over by itself',
    resumed: 'fails over by itself again',
    pause: 'pauseFailover',
    resume: 'resumeFailover',
  });
  registerCancel(failover, run);
  withWaitOptions(
    program
      .command('switchover <service>')
      .description('Planned: hand over to another node without loss; the old primary follows it')
      .option('--to <node>', 'hand over to this node; default the best one')
      .option('--at <time>', 'do it then, e.g. 2026-11-22T02:00:00Z', timeOption),
    'destructive',
  ).action(
    run((context, given) => {
      const { to = null, at = null } = given.opts<{ to?: string; at?: string }>();
      const service = given.args[0] ?? '';
      const options = waitOptionsOf(given);
      if (at === null || options.dryRun)
        return withSession(context, 'act', (session) =>
          runOperation(context, session, { kind: 'switchover', service, candidate: to }, options),
        );
      return withSession(context, 'server', async (session) =>
        done(
          context,
          await session.scheduleSwitchover(service, { at, candidate: to }, options),
          (scheduled) => `switchover of ${printable(service)} at ${humanTime(scheduled.at)} (${scheduled.id})\n`,
        ),
      );
    }),
  );
  registerNodes(program, run);
};

const registerCancel: Register = (failover, run) => {
  failover
    .command('cancel <service>')
    .description('Forget the scheduled switchover')
    .action(
      run((context, given) =>
        withSession(context, 'server', async (session) =>
          done(context, await session.cancelSwitchover(given.args[0] ?? ''), ({ cancelled }) =>
            cancelled ? 'the scheduled switchover is forgotten\n' : 'none was scheduled\n',
          ),
        ),
      ),
    );
};

const registerNodes: Register = (program, run) => {
  withWaitOptions(
    program
      .command('fence <service> <node>')
      .description('Take a node out so that it cannot take a write, and prove it'),
    'destructive',
  ).action(
    run((context, given) => {
      const [service = '', node = ''] = given.args;
      const request = { kind: 'fence', service, node } as const;
      return withSession(context, 'act', (session) => runOperation(context, session, request, waitOptionsOf(given)));
    }),
  );
  withWaitOptions(
    program
      .command('rejoin <service> <node>')
      .description('Bring a node back as a standby: rewound, or cloned anew')
      .option('--no-clone', 'fail where it cannot be rewound, and leave its data as it is'),
    'destructive',
  ).action(
    run((context, given) => {
      const [service = '', node = ''] = given.args;
      const { clone } = given.opts<{ clone: boolean }>();
      const request = { kind: 'rejoin', service, node, allowClone: clone ? null : false } as const;
      return withSession(context, 'act', (session) => runOperation(context, session, request, waitOptionsOf(given)));
    }),
  );
};

function factsText(service: string, facts: FailoverFacts, now: Date, columns: number | null): string {
  const { standing, decision } = facts;
  const answer =
    standing.wouldSucceed === null
      ? 'whether a failover would succeed now is not known'
      : standing.wouldSucceed
        ? `a failover now would succeed, to ${printable(standing.candidate ?? '')}`
        : 'a failover now would NOT succeed';
  const lines = [
    `${printable(service)}: ${answer}`,
    ...standing.reasons.map((reason) => `  ${printable(reason)}`),
    ...standing.rejected.map(({ node, reason }) => `  ${printable(node)}: ${printable(reason)}`),
    `mode ${facts.mode}${facts.pause === null ? '' : `, paused until ${humanTime(facts.pause.until)}`}; decided: ${decision.action}`,
    ...decision.reasons.map((reason) => `  ${printable(reason)}`),
    ...facts.warnings.map((warning) => `warning: ${printable(warning)}`),
    ...(facts.scheduled === null ? [] : [`switchover scheduled for ${humanTime(facts.scheduled.at)}`]),
  ];
  return `${lines.join('\n')}\n${nodesTable(facts, now, columns)}`;
}

function nodesTable(facts: FailoverFacts, now: Date, columns: number | null): string {
  const rows = facts.nodes.map(({ name, region, probe, lagBytes, health, fence }) => [
    name,
    region,
    probe?.role ?? '?',
    probe === null ? 'not asked' : probe.reach,
    yesOrNo(probe?.writable ?? null),
    lagBytes === null ? '-' : humanBytes(lagBytes),
    String(health.failuresInRow),
    health.lastAnsweredAt === null ? '-' : humanAge(health.lastAnsweredAt, now),
    fence === null ? '' : fence.proof === null ? 'asked for' : `fenced (${fence.proof.method})`,
  ]);
  const titles = ['NODE', 'REGION', 'ROLE', 'ANSWER', 'WRITES', 'BEHIND', 'FAILED', 'LAST SEEN', 'FENCE'];
  return formatTable(
    titles.map((title) => ({ title })),
    rows,
    columns,
  );
}

function yesOrNo(value: boolean | null): string {
  return value === null ? '?' : value ? 'yes' : 'no';
}
