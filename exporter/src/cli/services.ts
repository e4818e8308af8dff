import { ok } from '../contract/errors.ts';
import type { Observed } from '../contract/observed.ts';
import type { ServiceSnapshot } from '../contract/snapshot.ts';
import { done, withSession } from './context.ts';
import { formatFacts, formatTable, humanAge, humanBytes, humanDuration, humanTime, printable } from './format.ts';
import { durationOption, type Register } from './options.ts';

export const registerServices: Register = (program, run) => {
  const services = program.command('services').description('The configured services and what is known of them');
  services
    .command('list', { isDefault: true })
    .description('All services with last backup, drill and readiness')
    .action(
      run((context) =>
        withSession(context, 'read', async (session) => {
          const { stdout, clock } = context.deps;
          const listed = await session.services();
          return done(context, listed, (all) => servicesTable(all, clock.now(), stdout.columns));
        }),
      ),
    );
  services
    .command('show <service>')
    .description('One service with every readiness check')
    .action(
      run((context, command) =>
        withSession(context, 'read', async (session) =>
          done(context, await session.service(command.args[0] ?? ''), (service) =>
            serviceText(service, context.deps.clock.now()),
          ),
        ),
      ),
    );
  services
    .command('pause <service>')
    .description('Hold the scheduled work of a service; readiness shows it')
    .requiredOption('--for <duration>', 'until it goes on by itself, e.g. 2h', durationOption)
    .requiredOption('--reason <text>', 'why; goes into the audit log')
    .action(
      run((context, command) =>
        withSession(context, 'server', async (session) => {
          const options = command.opts<{ for: number; reason: string }>();
          const paused = await session.pause(command.args[0] ?? '', Math.ceil(options.for), options.reason);
          return done(
            context,
            paused,
            (pause) => `${printable(pause.service)} is paused until ${humanTime(pause.until)}\n`,
          );
        }),
      ),
    );
  services
    .command('resume <service>')
    .description('End a pause')
    .action(
      run((context, command) =>
        withSession(context, 'server', async (session) => {
          const name = command.args[0] ?? '';
          const resumed = await session.resume(name);
          return done(
            context,
            resumed.ok ? ok({ service: name, paused: false }) : resumed,
            () => `${printable(name)} goes on\n`,
          );
        }),
      ),
    );
};

/** Shows `?` for what could not be read and `never` for what never happened: two different things. */
function seen<T>(observed: Observed<T>, show: (value: T) => string): string {
  return observed.known ? show(observed.value) : '?';
}

export function servicesTable(services: readonly ServiceSnapshot[], now: Date, columns: number | null): string {
  if (services.length === 0) return 'no service is configured; `genesis init` proposes some\n';
  const rows = services.map((service) => [
    service.name,
    seen(service.backups, (facts) => humanAge(facts.newest?.endedAt ?? null, now)),
    seen(service.backups, (facts) => String(facts.count)),
    seen(service.backups, (facts) => humanBytes(facts.storedBytes)),
    seen(service.drills, (facts) => drillText(facts.lastRunAt, facts.lastPassed, now)),
    seen(service.rpoSeconds, (value) => humanDuration(value)),
    seen(service.rtoSeconds, (value) => humanDuration(value)),
    service.copies.length === 0
      ? 'none'
      : service.copies.map((copy) => `${copy.name} ${copyText(copy.facts)}`).join(', '),
    `${Math.floor(service.readiness.score * 100)}%`,
    nowText(service),
  ]);
  const right = 'right' as const;
  return formatTable(
    [
      { title: 'SERVICE' },
      { title: 'LAST BACKUP' },
      { title: 'BACKUPS', align: right },
      { title: 'STORED', align: right },
      { title: 'LAST DRILL' },
      { title: 'RPO', align: right },
      { title: 'RTO', align: right },
      { title: 'COPIES' },
      { title: 'READY', align: right },
      { title: 'NOW' },
    ],
    rows,
    columns,
  );
}

function nowText({ pause, maintenance, runningOperation, health }: ServiceSnapshot): string {
  const parts = [
    health === null || health.state === 'healthy'
      ? null
      : health.state === 'unknown'
        ? 'health ?'
        : health.state.toUpperCase(),
    pause === null ? null : `paused until ${humanTime(pause.until)}`,
    maintenance === null ? null : `maintenance until ${humanTime(maintenance.until)}`,
    pause === null ? (runningOperation?.kind ?? null) : null,
  ];
  return parts.filter((part) => part !== null).join(', ');
}

function drillText(at: string | null, passed: boolean | null, now: Date): string {
  if (at === null || passed === null) return 'never';
  return `${passed ? 'passed' : 'FAILED'} ${humanAge(at, now)}`;
}

function copyText(facts: ServiceSnapshot['copies'][number]['facts']): string {
  return seen(facts, (copy) =>
    copy.connected ? (copy.queue === 0 ? 'current' : `${copy.queue} behind`) : 'DISCONNECTED',
  );
}

/** Nothing where no checks are configured. */
function healthText({ health }: ServiceSnapshot, now: Date): string {
  if (health === null) return '';
  const rows = health.checks.map(({ name, kind, critical, state, since, last }) => [
    state === null ? '?' : state === 'healthy' ? state : state.toUpperCase(),
    name,
    kind,
    critical ? 'yes' : 'no',
    since === null ? '-' : humanAge(since, now),
    printable(last?.detail ?? 'not made yet'),
  ]);
  const titles = ['STATE', 'HEALTH CHECK', 'KIND', 'CRITICAL', 'SINCE', 'LAST RESULT'];
  return `${formatTable(
    titles.map((title) => ({ title })),
    rows,
    null,
  )}\n`;
}

function serviceText(service: ServiceSnapshot, now: Date): string {
  const checks = service.readiness.checks.map((check) => [
    check.result === 'passed' ? 'passed' : check.result.toUpperCase(),
    check.component,
    check.id,
    String(check.weight),
    check.mend === null || check.result === 'passed' ? check.evidence : `${check.evidence}; ${check.mend}`,
  ]);
  const schedules = service.schedules.map(
    ({ type, intervalSeconds, nextAt }) =>
      `${type} every ${humanDuration(intervalSeconds)}, next ${nextAt === null ? 'held' : humanAge(nextAt, now)}`,
  );
  return [
    servicesTable([service], now, null),
    '\n',
    formatFacts([
      ['engine', service.engine],
      ['region', service.region],
      ['tier', service.tier],
      ['team', service.team],
      ['schedules', schedules.join('; ') || 'none'],
      [
        'encrypted',
        service.encrypted
          ? `yes, key ${service.keyConfirmed === true ? 'confirmed' : 'NOT confirmed (genesis key confirm)'}`
          : 'no',
      ],
      [
        'repository',
        seen(service.repository, ({ freeBytes, totalBytes }) =>
          freeBytes === null || totalBytes === null
            ? 'reachable, its store does not tell how much is free'
            : `${humanBytes(freeBytes)} free of ${humanBytes(totalBytes)}`,
        ),
      ],
    ]),
    '\n',
    healthText(service, now),
    formatTable(
      [
        { title: 'RESULT' },
        { title: 'PART' },
        { title: 'CHECK' },
        { title: 'WEIGHT', align: 'right' },
        { title: 'EVIDENCE' },
      ],
      checks,
      null,
    ),
  ].join('');
}
