import { ok, type Outcome } from '../contract/errors.ts';
import type { StatusReply } from '../contract/service-replies.ts';
import type { ServiceSnapshot } from '../contract/snapshot.ts';
import { withSession, type CommandContext } from './context.ts';
import { exitCodes, type ExitCode } from './exit.ts';
import { humanAge, printable } from './format.ts';
import type { Register } from './options.ts';
import type { Session } from './session.ts';
import { servicesTable } from './services.ts';

export const registerStatus: Register = (program, run) => {
  program
    .command('status')
    .description('Could we recover right now, and why not; exits with 1 unless everything is healthy')
    .action(run((context) => withSession(context, 'read', (session) => showStatus(context, session))));
};

async function showStatus(context: CommandContext, session: Session): Promise<Outcome<ExitCode>> {
  const status = await session.status();
  if (!status.ok) return status;
  const services = await session.services();
  if (!services.ok) return services;
  const document = { ...status.value, services: services.value };
  context.emit(document, () => statusText(status.value, services.value, context.deps.clock.now(), session.where));
  return ok(status.value.overall_health === 'healthy' ? exitCodes.done : exitCodes.failed);
}

function statusText(
  status: StatusReply,
  services: readonly ServiceSnapshot[],
  now: Date,
  where: Session['where'],
): string {
  const running =
    where === 'server' ? 'the server runs' : 'no server runs: nothing is backed up until `genesis serve` does';
  const components = Object.entries(status.components).map(([name, { health, reasons }]) => {
    return `  ${printable(name)}: ${health}${reasons.map((reason) => `\n    - ${printable(reason)}`).join('')}\n`;
  });
  const missing = services.flatMap((service) =>
    service.readiness.checks
      .filter((check) => check.result !== 'passed')
      .map((check) => {
        const mend = check.mend === null ? '' : `; ${printable(check.mend)}`;
        return `  ${printable(service.name)}: ${check.id} ${check.result}: ${printable(check.evidence)}${mend}\n`;
      }),
  );
  return [
    `${status.overall_health} (${running}; cluster ${printable(status.cluster)}, read ${humanAge(status.at, now)})\n`,
    ...components,
    '\n',
    servicesTable(services, now, null),
    ...(missing.length === 0 ? [] : ['\nwhat readiness lacks:\n', ...missing]),
  ].join('');
}
