import { stringify } from 'yaml';
import { Config, formatDuration } from '@genesis-dr/exporter/config';

/** `path` is relative to the output folder; for the committed files that is the root of the repository. */
export interface File {
  readonly path: string;
  readonly content: string;
}

const head = '# Generated from genesis.yaml by `genesis generate`: do not edit.\n';
const noReceiver = [
  '# dr_team tells nobody yet: set alertmanager.webhook_url in genesis.yaml and generate again,',
  '# or add receivers of your own to dr_team in a copy of this file.',
  '',
].join('\n');

/**
 * Alertmanager configuration in the syntax of 0.25, which every later release reads. Each label that `rules` gives an alert
 * (system, severity, component, cluster, service) may be matched on.
 */
export function generate(config: Config): File[] {
  const { group_wait, group_interval, repeat_interval, webhook_url } = config.alertmanager;
  const document = {
    route: {
      receiver: 'dr_team',
      group_by: ['alertname', 'cluster', 'service'],
      group_wait: formatDuration(group_wait),
      group_interval: formatDuration(group_interval),
      repeat_interval: formatDuration(repeat_interval),
      // The Watchdog always fires: without a dead man's switch to feed it must reach nobody.
      routes: [{ receiver: 'null', matchers: ['severity="none"'] }],
    },
    inhibit_rules: inhibitRules,
    receivers: [
      { name: 'null' },
      {
        name: 'dr_team',
        ...(webhook_url === null ? {} : { webhook_configs: [{ url: webhook_url, send_resolved: true }] }),
      },
    ],
  };
  const comment = webhook_url === null ? head + noReceiver : head;
  return [
    { path: 'alertmanager/generated/alertmanager.yml', content: comment + stringify(document, { lineWidth: 0 }) },
  ];
}

/** The committed files: what a default configuration with one service gives. */
export function generateCommitted(): File[] {
  return generate(Config.parse({ services: [{ name: 'demo-files' }] }));
}

/** A cause silences what follows from it; its alert waits no longer than theirs, so it is always there first. */
const inhibitRules = [
  {
    source_matchers: ['alertname="GenesisDRExporterDown"'],
    target_matchers: ['system="genesis-dr"', 'alertname!~"GenesisDRExporterDown|GenesisDRWatchdog"'],
    equal: ['cluster'],
  },
  {
    source_matchers: ['alertname="BackupTooOld"'],
    target_matchers: ['alertname="GenesisBackupSLAViolation"'],
    equal: ['cluster', 'service'],
  },
];
