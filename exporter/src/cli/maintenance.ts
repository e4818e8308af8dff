import { fail, ok, type Outcome } from '../contract/errors.ts';
import { maxMaintenanceSeconds } from '../contract/actions.ts';
import type { MaintenanceWindow } from '../contract/snapshot.ts';
import { done, withSession } from './context.ts';
import { formatTable, humanAge, humanTime, printable } from './format.ts';
import { durationOption, type Register } from './options.ts';
import type { Session } from './session.ts';

const serviceOption = ['--service <names>', 'services, with commas between them'] as const;

export const registerMaintenance: Register = (program, run) => {
  const maintenance = program
    .command('maintenance')
    .description('Windows of planned work: alerts of the service are muted, everything else goes on');
  maintenance
    .command('start')
    .description('Open a window; it closes by itself. A new one takes the place of an open one')
    .requiredOption(...serviceOption)
    .requiredOption('--for <duration>', 'until it closes by itself, e.g. 2h; at most 7d', durationOption)
    .requiredOption('--reason <text>', 'why; goes into the audit log')
    .action(
      run((context, command) => {
        const options = command.opts<{ service: string; for: number; reason: string }>();
        return withSession(context, 'server', async (session) =>
          done(context, await startAll(session, options), (windows) =>
            windows.map((w) => `alerts of ${printable(w.service)} are muted until ${humanTime(w.until)}\n`).join(''),
          ),
        );
      }),
    );
  maintenance
    .command('end')
    .description('Close a window now; alerts are heard again')
    .requiredOption(...serviceOption)
    .option('--reason <text>', 'why now; goes into the audit log')
    .action(
      run((context, command) => {
        const { service: list, reason = null } = command.opts<{ service: string; reason?: string }>();
        const names = namesOf(list);
        return withSession(context, 'server', async (session) =>
          done(
            context,
            names.ok ? await each(names.value, (name) => session.endMaintenance(name, reason)) : names,
            (all) =>
              all
                .map(
                  ({ service, ended }) => `${printable(service)}: ${ended ? 'window closed' : 'no window was open'}\n`,
                )
                .join(''),
          ),
        );
      }),
    );
  maintenance
    .command('list', { isDefault: true })
    .description('The open windows')
    .action(
      run((context) =>
        withSession(context, 'read', async (session) =>
          done(context, await session.maintenance(), (windows) =>
            windowsTable(windows, context.deps.clock.now(), context.deps.stdout.columns),
          ),
        ),
      ),
    );
};

function namesOf(text: string): Outcome<readonly string[]> {
  const names = [...new Set(text.split(',').map((name) => name.trim()))].filter((name) => name !== '');
  return names.length === 0 ? fail('bad_request', 'name a service, e.g. --service shop,ledger') : ok(names);
}

/** One after the other; ends at the first failure. */
async function each<T>(
  names: readonly string[],
  work: (name: string) => Promise<Outcome<T>>,
): Promise<Outcome<readonly T[]>> {
  const results: T[] = [];
  for (const name of names) {
    const got = await work(name);
    if (!got.ok) return got;
    results.push(got.value);
  }
  return ok(results);
}

/** Everything that can be refused is looked at first: a typing mistake in the second name must not leave the first one muted. */
async function startAll(
  session: Session,
  options: { readonly service: string; readonly for: number; readonly reason: string },
): Promise<Outcome<readonly MaintenanceWindow[]>> {
  const names = namesOf(options.service);
  if (!names.ok) return names;
  const seconds = Math.ceil(options.for);
  if (seconds > maxMaintenanceSeconds)
    return fail('bad_request', 'a maintenance window lasts at most 7d; open a new one when it is needed longer');
  if (options.reason.trim() === '') return fail('reason_required', 'a maintenance window needs a reason');
  const services = await session.services();
  if (!services.ok) return services;
  const missing = names.value.filter((name) => !services.value.some((service) => service.name === name));
  if (missing.length > 0)
    return fail('service_unknown', `no service is called ${missing.join(', ')}; no window was opened`);
  return each(names.value, (name) => session.startMaintenance(name, seconds, options.reason));
}

function windowsTable(windows: readonly MaintenanceWindow[], now: Date, columns: number | null): string {
  if (windows.length === 0) return 'no maintenance window is open\n';
  const rows = windows.map((window) => [
    window.service,
    humanTime(window.until),
    humanAge(window.until, now),
    window.by,
    window.reason,
  ]);
  const titles = ['SERVICE', 'UNTIL', 'CLOSES', 'BY', 'REASON'];
  return formatTable(
    titles.map((title) => ({ title })),
    rows,
    columns,
  );
}
