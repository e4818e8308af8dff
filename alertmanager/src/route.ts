import { formatDuration } from '@genesis-dr/exporter/config';
import type { Config, ReceiverName } from '@genesis-dr/exporter/config';
import { receiversInUse } from './receivers.ts';
import { escalationReceiver, targetsOf } from './targets.ts';
import { quietHours } from './quiet-hours.ts';

/** A node of the section `route`, in Alertmanager's own words. */
export interface Route {
  readonly receiver: ReceiverName | 'null';
  readonly matchers?: readonly string[];
  readonly continue?: true;
  readonly group_by?: readonly string[];
  readonly group_wait?: string;
  readonly group_interval?: string;
  readonly repeat_interval?: string;
  readonly mute_time_intervals?: readonly string[];
  readonly routes?: readonly Route[];
}

/** Alerts that explain others; told apart from them, and reminded of every hour. */
export const rootCauses = ['GenesisDRExporterDown', 'GenesisRegionDown'] as const;

/** Labels of the alert that `genesis notify test` sends. */
export const testAlert = { name: 'GenesisNotifyTest', receiverLabel: 'genesis_receiver', runLabel: 'genesis_test' };

/** The routing tree. The first route that matches decides, unless it says `continue`. */
export function route(config: Config): Route {
  const { group_wait, group_interval, repeat_interval } = config.alertmanager;
  return {
    receiver: 'dr_team',
    group_by: ['alertname', 'cluster', 'service'],
    group_wait: formatDuration(group_wait),
    group_interval: formatDuration(group_interval),
    repeat_interval: formatDuration(repeat_interval),
    routes: [
      watchdog,
      { receiver: 'null', matchers: ['severity="none"'] },
      ...receiversInUse(config).map(testRoute),
      ...everyAlert(config),
      {
        receiver: escalationReceiver(config),
        matchers: ['system="genesis-dr"', 'escalation="true"'],
        // One message for all that goes on: in a dead region every service has something to escalate.
        group_by: ['alertname', 'cluster'],
        repeat_interval: '1h',
      },
      ...rootCauseRoutes(),
      subtree(config, 'system="genesis-dr"', 'dr_team'),
      // Rules that a team wrote by hand carry no `system`; without a severity they are taken for urgent.
      subtree(config, 'component="dr"', 'dr_critical'),
      // Reached only behind a route with `continue`, which keeps the root's own receiver from being used.
      ...(tellsWebhook(config) ? [{ receiver: 'dr_team' as const }] : []),
    ],
  };
}

/** Asked every 20 s whether a minute has passed, so the beat comes each 60 to 80 s, never after two minutes. */
const watchdog: Route = {
  receiver: 'dr_deadman',
  matchers: ['alertname="GenesisDRWatchdog"'],
  group_by: ['alertname', 'cluster'],
  group_wait: '0s',
  group_interval: '20s',
  repeat_interval: '1m',
};

/** Each test is a group of its own: it goes out at once, and its end follows soon. */
function testRoute(receiver: ReceiverName): Route {
  return {
    receiver,
    matchers: [`alertname="${testAlert.name}"`, `${testAlert.receiverLabel}="${receiver}"`],
    group_by: ['alertname', testAlert.receiverLabel, testAlert.runLabel],
    group_wait: '0s',
    group_interval: '10s',
    repeat_interval: '1h',
  };
}

function tellsWebhook(config: Config): boolean {
  return targetsOf(config).dr_webhook.length > 0;
}

function everyAlert(config: Config): Route[] {
  return tellsWebhook(config) ? [{ receiver: 'dr_webhook', continue: true }] : [];
}

function rootCauseRoutes(): Route[] {
  const common = {
    matchers: ['system="genesis-dr"', `alertname=~"${rootCauses.join('|')}"`],
    group_by: ['alertname', 'cluster', 'region'],
    repeat_interval: '1h',
  };
  return [
    { receiver: 'dr_critical', continue: true, ...common },
    { receiver: 'dr_team', ...common },
  ];
}

function subtree(config: Config, matcher: string, otherwise: ReceiverName): Route {
  return {
    receiver: otherwise,
    matchers: [matcher],
    routes: [
      { receiver: 'dr_critical', matchers: ['severity="critical"'], continue: true },
      { receiver: 'dr_team', matchers: ['severity="critical"'] },
      {
        receiver: 'dr_warning',
        matchers: ['severity="warning"'],
        ...(quietHours(config).length > 0 ? { mute_time_intervals: ['quiet-hours'] } : {}),
      },
    ],
  };
}
