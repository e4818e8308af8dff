import { readFileSync } from 'node:fs';
import { fail, ok, toOpError, type Outcome } from '../contract/errors.ts';
import type { ScalingBacktest, ScalingFacts, ScalingRecord } from '../contract/scaling-facts.ts';
import { readScalingPolicy, type PolicyFault } from '../config/scaling-policy.ts';
import { backtest } from '../core/scaling-backtest.ts';
import { readHistoryFile, stepOfHistory } from '../runtime/scaling/history-file.ts';
import { demandMetric } from '../runtime/scaling/load.ts';
import { scalingPolicyOf } from '../runtime/scaling/settings.ts';
import { registerPauses } from './automation.ts';
import { done, theService, withSession } from './context.ts';
import type { Session } from './session.ts';
import { formatTable, humanAge, humanTime, printable } from './format.ts';
import { timeOption, waitOptionsOf, withWaitOptions, type Register } from './options.ts';
import { runOperation } from './wait.ts';

/** How many instances run, why, and what another policy would do. */
export const registerScaling: Register = (program, run) => {
  const scaling = program
    .command('scaling')
    .description('How many instances run, what that number follows, and the number itself');
  scaling
    .command('show [service]', { isDefault: true })
    .description('Instances, what is decided now, and why not')
    .action(
      run((context, given) =>
        withSession(context, 'server', async (session) => {
          const service = await theService(session, given.args[0]);
          if (!service.ok) return service;
          const { clock, stdout } = context.deps;
          return done(context, await session.scaling(service.value), ({ scaling: facts }) =>
            factsText(service.value, facts, clock.now(), stdout.columns),
          );
        }),
      ),
    );
  withWaitOptions(
    scaling
      .command('set <service> <number>')
      .description('Set the number of instances now; the policy goes on from there'),
    'destructive',
  ).action(
    run((context, given) => {
      const [service = '', text = ''] = given.args;
      if (!/^\d{1,5}$/.test(text))
        return Promise.resolve(fail('bad_request', `"${printable(text)}" is no number of instances`));
      const request = { kind: 'scale', service, desired: Number(text) } as const;
      return withSession(context, 'act', (session) => runOperation(context, session, request, waitOptionsOf(given)));
    }),
  );
  scaling
    .command('history [service]')
    .description('Scaling actions that ended, newest first')
    .option('--hours <n>', 'how far back', '24')
    .action(
      run((context, given) =>
        withSession(context, 'server', async (session) => {
          const service = await theService(session, given.args[0]);
          if (!service.ok) return service;
          const hours = Number(given.opts<{ hours: string }>().hours);
          const { clock, stdout } = context.deps;
          return done(context, await session.scalingHistory(service.value, hours), ({ items }) =>
            historyText(items, clock.now(), stdout.columns),
          );
        }),
      ),
    );
  registerPauses(scaling, run, {
    what: 'scaling',
    paused: 'is not scaled by itself',
    resumed: 'is scaled by itself again',
    pause: 'pauseScaling',
    resume: 'resumeScaling',
  });
  registerPolicy(scaling, run);
  registerBacktest(scaling, run);
};

const registerPolicy: Register = (scaling, run) => {
  scaling
    .command('policy <service>')
    .description('The policy that holds, as YAML; with --file check another one, with --apply put it in its place')
    .option('--file <path>', 'a policy of your own')
    .option('--apply', 'put it in the place of the one in genesis.yaml')
    .option('--reset', 'the one in genesis.yaml again')
    .option('--reason <text>', 'why; goes into the audit log')
    .option('--confirm <service>', 'the name of the service again')
    .action(
      run((context, given) => {
        const options = given.opts<{
          file?: string;
          apply?: boolean;
          reset?: boolean;
          reason?: string;
          confirm?: string;
        }>();
        const service = given.args[0] ?? '';
        const { reason = null, confirm = null } = options;
        return withSession(context, 'server', async (session) => {
          if (options.reset === true)
            return done(
              context,
              await session.resetScalingPolicy(service, reason ?? 'reset'),
              () => 'the policy of genesis.yaml holds again\n',
            );
          if (options.file === undefined) return done(context, await session.scaling(service), ({ policy }) => policy);
          const text = readText(options.file);
          if (!text.ok) return text;
          if (options.apply === true)
            return done(
              context,
              await session.setScalingPolicy(service, text.value, { reason, confirm }),
              () => `${printable(service)} follows this policy from now on\n`,
            );
          const checked = await session.previewScalingPolicy(service, text.value);
          if (checked.ok && !checked.value.valid) return fail('bad_request', faultsInWords(checked.value.faults));
          return done(context, checked, ({ decision }) =>
            decision === null
              ? 'the policy is valid\n'
              : `the policy is valid; now it would decide: ${decision.action}, ${decision.desired} instances\n${decision.reasons.map((one) => `  ${printable(one)}\n`).join('')}`,
          );
        });
      }),
    );
};

const registerBacktest: Register = (scaling, run) => {
  scaling
    .command('backtest')
    .description(
      'What a policy would have done on real history, beside the current one and the algorithm of Kubernetes’ HPA',
    )
    .requiredOption('--service <service>', 'whose history')
    .option('--from <time>', 'from here on, e.g. 2026-11-01T00:00:00Z; default 7 days ago', timeOption)
    .option('--to <time>', 'up to here; default now', timeOption)
    .option('--policy <path>', 'a policy of your own, YAML or JSON')
    .option('--csv <path>', 'this history, with the columns time and value, in place of the recorded one')
    .action(
      run((context, given) => {
        const options = given.opts<{ service: string; from?: string; to?: string; policy?: string; csv?: string }>();
        const now = context.deps.clock.now();
        const from = options.from ?? new Date(+now - 7 * 86_400_000).toISOString();
        const to = options.to ?? now.toISOString();
        const policy = options.policy === undefined ? ok(null) : readText(options.policy);
        if (!policy.ok) return Promise.resolve(policy);
        return withSession(context, 'server', async (session) => {
          const wish = { from, to, policy: policy.value };
          const result =
            options.csv === undefined
              ? await session.backtestScaling(options.service, wish)
              : await backtestFile(session, options.service, options.csv, policy.value);
          return done(context, result, (found) => backtestText(found, context.deps.stdout.columns));
        });
      }),
    );
};

/** A history of one's own, replayed here: only the policy in force comes from the server. */
async function backtestFile(
  session: Session,
  service: string,
  path: string,
  proposedText: string | null,
): Promise<Outcome<ScalingBacktest>> {
  const text = readText(path, longestHistory);
  if (!text.ok) return text;
  const points = readHistoryFile(text.value);
  if (!points.ok) return points;
  const inForce = await session.scaling(service);
  if (!inForce.ok) return inForce;
  const current = readScalingPolicy(inForce.value.policy);
  const proposed = proposedText === null ? null : readScalingPolicy(proposedText);
  if (!current.ok) return fail('bad_request', faultsInWords(current.faults));
  if (proposed !== null && !proposed.ok) return fail('bad_request', faultsInWords(proposed.faults));
  const policy = scalingPolicyOf(current.policy);
  const metric = demandMetric(policy);
  if (metric === null)
    return fail('not_supported', `no metric of ${service} grows with its demand: nothing can be replayed`);
  const stepSeconds = stepOfHistory(points.value);
  const [from, to] = [points.value[0]?.at ?? '', points.value.at(-1)?.at ?? ''];
  return ok(
    backtest(
      points.value,
      { current: policy, proposed: proposed === null ? null : scalingPolicyOf(proposed.policy) },
      { metric: metric.name, stepSeconds, from, to },
    ),
  );
}

function faultsInWords(faults: readonly PolicyFault[]): string {
  return faults.map(({ path, message, mend }) => `${path === '' ? 'the policy' : path} ${message}; ${mend}`).join('\n');
}

const longestPolicy = 100_000;
/** A year of minutes. */
const longestHistory = 32 * 1024 * 1024;

function readText(path: string, longest = longestPolicy): Outcome<string> {
  try {
    const text = readFileSync(path, 'utf8');
    return text.length > longest ? fail('bad_request', `${path} is too long: ${longest} characters at most`) : ok(text);
  } catch (thrown) {
    return fail('bad_request', `${path} cannot be read: ${toOpError(thrown).message}`);
  }
}

function factsText(service: string, facts: ScalingFacts, now: Date, columns: number | null): string {
  const { decision, fleet, pause, cost, forecast } = facts;
  const ready = fleet?.instances.filter(({ state }) => state === 'ready').length;
  const lines = [
    `${printable(service)}: ${ready ?? '?'} ready, ${facts.desired ?? '?'} wanted, ${facts.min} to ${facts.max} allowed`,
    ...(facts.problem === null ? [] : [`the instances are not known: ${printable(facts.problem)}`]),
    `mode ${facts.mode}${pause === null ? '' : `, paused until ${humanTime(pause.until)}`}${facts.frozenSince === null ? '' : `, FROZEN since ${humanTime(facts.frozenSince)}: metrics or instances are not known`}`,
    ...(decision === null
      ? []
      : [
          `${isActive(decision) && !decision.act ? 'would, if it could' : 'decided'} ${humanAge(decision.at, now)}: ${decision.action}${decision.limits.length === 0 ? '' : ` (${decision.limits.join(', ')})`}`,
          ...decision.reasons.map((reason) => `  ${printable(reason)}`),
        ]),
    ...(forecast === null
      ? []
      : [
          forecast.known
            ? `forecast of ${forecast.metric} by ${forecast.model}; for the time ahead it advises: ${facts.advice ?? 'nothing'}`
            : `no forecast: ${printable(forecast.why)}`,
        ]),
    ...(cost === null
      ? []
      : [
          `costs ${cost.perHour.toFixed(2)} ${cost.currency} an hour, ${cost.soFar.toFixed(2)} since ${humanTime(cost.since)}`,
        ]),
    ...facts.warnings.map((warning) => `warning: ${printable(warning)}`),
  ];
  const rows = (fleet?.instances ?? []).map(({ name, state, startedAt, address, load, protectedBy }) => [
    name,
    state,
    startedAt === null ? '-' : humanAge(startedAt, now),
    address ?? '-',
    load === null ? '-' : String(Math.round(load * 100) / 100),
    protectedBy ?? '',
  ]);
  const titles = ['INSTANCE', 'STATE', 'STARTED', 'ADDRESS', 'LOAD', 'KEPT BECAUSE'];
  return `${lines.join('\n')}\n${table(titles, rows, columns)}`;
}

const isActive = ({ action }: { readonly action: string }): boolean => action === 'scale_up' || action === 'scale_down';

function historyText(items: readonly ScalingRecord[], now: Date, columns: number | null): string {
  if (items.length === 0) return 'nothing was scaled in that time\n';
  const rows = items.map(({ endedAt, before, wanted, after, trigger, succeeded, rolledBack, reason, error }) => [
    humanAge(endedAt, now),
    `${before} -> ${wanted}`,
    after === null ? '?' : String(after),
    trigger,
    succeeded ? 'done' : rolledBack ? 'rolled back' : 'failed',
    printable(error ?? reason),
  ]);
  return table(['ENDED', 'CHANGE', 'SEEN', 'BY', 'RESULT', 'WHY'], rows, columns);
}

function backtestText({ from, to, points, missing, runs }: ScalingBacktest, columns: number | null): string {
  const minutes = (seconds: number): string => String(Math.round(seconds / 60));
  const rows = runs.map((run) => [
    run.policy,
    minutes(run.underProvisionedSeconds),
    minutes(run.overProvisionedSeconds),
    run.instanceHours.toFixed(1),
    run.cost === null ? '-' : run.cost.toFixed(2),
    String(run.scaleUps),
    String(run.scaleDowns),
    String(run.maxInstances),
  ]);
  const titles = ['POLICY', 'MIN. TOO FEW', 'MIN. TOO MANY', 'INSTANCE HOURS', 'COST', 'UPS', 'DOWNS', 'MOST'];
  const head = `${humanTime(from)} to ${humanTime(to)}: ${points} points${missing === 0 ? '' : `, ${missing} without a value, at which nothing is done`}\n`;
  return head + table(titles, rows, columns);
}

function table(titles: readonly string[], rows: readonly (readonly string[])[], columns: number | null): string {
  return formatTable(titles.map((title) => ({ title })), rows.map((row) => [...row]), columns); // prettier-ignore
}
