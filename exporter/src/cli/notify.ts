import type { Target } from '#generators/alertmanager';
import { loadConfig, type LoadedConfig } from '../config/index.ts';
import { fail, ok, type Outcome } from '../contract/errors.ts';
import { fetchAs } from '../runtime/outbound.ts';
import type { CommandContext } from './context.ts';
import { exitCodes, type ExitCode } from './exit.ts';
import { printable } from './format.ts';
import { testByAlertmanager } from './notify/alertmanager.ts';
import type { Delivery } from './notify/delivery.ts';
import { testStraight } from './notify/straight.ts';
import { durationOption, type Register } from './options.ts';

const waitSecondsDefault = 30;

export const registerNotify: Register = (program, run) => {
  const notify = program.command('notify').description('Where alerts go');
  notify
    .command('test [receiver]')
    .description(
      'Send a marked test message to a receiver (dr_team, dr_critical, …; default: to each that has a target) through Alertmanager; ends with 1 unless every target took it',
    )
    .option(
      '--straight',
      'to the targets themselves, without Alertmanager: tries addresses and secrets, not the routes',
    )
    .option('--timeout <duration>', `how long Alertmanager may take, default ${waitSecondsDefault}s`, durationOption)
    .action(
      run((context, command) => {
        const options = command.opts<{ straight?: boolean; timeout?: number }>();
        return testReceivers(context, {
          named: command.args[0],
          straight: options.straight === true,
          waitSeconds: options.timeout ?? waitSecondsDefault,
        });
      }),
    );
};

interface Wanted {
  readonly named: string | undefined;
  readonly straight: boolean;
  readonly waitSeconds: number;
}

async function testReceivers(context: CommandContext, wanted: Wanted): Promise<Outcome<ExitCode>> {
  const loaded = loadConfig(context.place.configPath, context.deps.env, { home: context.place.home });
  if (!loaded.ok) return loaded;
  const { targetsOf, testAlert } = await import('#generators/alertmanager');
  const receivers = chosen(targetsOf(loaded.value.config), wanted.named, loaded.value.path);
  if (!receivers.ok) return receivers;

  const deliveries: Delivery[] = [];
  for (const [receiver, targets] of receivers.value) {
    const route = { ...testAlert, alertname: testAlert.name };
    deliveries.push(...(await testOne(context, { loaded: loaded.value, receiver, targets, route, ...wanted })));
  }
  context.emit({ deliveries }, () => deliveries.map(line).join(''));
  return ok(deliveries.every(({ state }) => state === 'delivered') ? exitCodes.done : exitCodes.failed);
}

type Receivers = readonly (readonly [string, readonly Target[]])[];

function chosen(
  targets: Readonly<Record<string, readonly Target[]>>,
  named: string | undefined,
  path: string,
): Outcome<Receivers> {
  if (named === undefined) {
    const told = Object.entries(targets).filter(([, some]) => some.length > 0);
    if (told.length > 0) return ok(told);
    return fail('config_invalid', `alertmanager in ${path} names no target for any receiver: nobody would be told`);
  }
  const found = Object.hasOwn(targets, named) ? targets[named] : undefined;
  if (found === undefined)
    return fail('bad_request', `there is no receiver "${named}"; there are ${Object.keys(targets).join(', ')}`);
  if (found.length === 0) return fail('config_invalid', `${named} has no target in ${path}: nobody would be told`);
  return ok([[named, found]]);
}

interface OneTest extends Wanted {
  readonly loaded: LoadedConfig;
  readonly receiver: string;
  readonly targets: readonly Target[];
  readonly route: { readonly alertname: string; readonly receiverLabel: string; readonly runLabel: string };
}

async function testOne({ deps }: CommandContext, test: OneTest): Promise<Delivery[]> {
  const { receiver, targets, route, loaded } = test;
  const { cluster, alertmanager } = loaded.config;
  const straight = (): Promise<Delivery[]> =>
    testStraight(deps, {
      cluster,
      receiver,
      targets,
      alertname: route.alertname,
      readSecretFile: (path) => loaded.resolveSecret(`file:${path}`),
    });
  if (test.straight) return straight();
  const fetch = fetchAs(() => alertmanager, deps.fetch, loaded.resolveSecret);
  const sent = await testByAlertmanager(
    { ...deps, fetch },
    {
      url: alertmanager.url,
      cluster,
      receiver,
      targets,
      route,
      waitSeconds: test.waitSeconds,
    },
  );
  if (sent.ok) return sent.value;
  // Real alerts take the same way, so this is a failure although the targets may take the message from us.
  const broken: Delivery = {
    receiver,
    kind: 'alertmanager',
    target: 'Alertmanager',
    state: 'failed',
    detail: `${sent.error.message}; the targets were tried straight instead`,
  };
  return [broken, ...(await straight())];
}

const words = { delivered: 'delivered', failed: 'FAILED', unknown: 'UNKNOWN', not_tried: 'NOT TRIED' } as const;

function line({ receiver, target, state, detail }: Delivery): string {
  return printable(`${receiver}: ${target}: ${words[state]}: ${detail}`) + '\n';
}
