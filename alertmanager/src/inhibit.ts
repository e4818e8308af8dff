import { alertmanagerReads } from '@genesis-dr/exporter/config';
import type { Config } from '@genesis-dr/exporter/config';

/** A cause silences what follows from it; its alert waits no longer than theirs, so it is always there first. */
interface Inhibition {
  readonly name: string;
  readonly source: readonly string[];
  readonly target: readonly string[];
  readonly equal: readonly string[];
}

/**
 * Never silenced by a cause: a failover is what is done about a dead region, an escalation says that nobody came, and host
 * alerts rest on the node exporter (a full disk may well be why the exporter died).
 */
const ownRight = 'failover|escalation|system';
/** An incident is opened by people or by a plan; no cause makes it go away. */
const notTheDisaster = 'alertname!="DisasterEvent"';

/** What goes out of date when a collector stalls. Host alerts mostly have another source, so `system` feeds none here. */
export const collectorFeeds: Readonly<Record<string, readonly string[]>> = {
  catalogue: ['backup', 'recovery'],
  repository: ['backup'],
  copies: ['replication'],
  drills: ['testing'],
};

const inhibitions: readonly Inhibition[] = [
  {
    name: 'exporter-down',
    source: ['alertname="GenesisDRExporterDown"'],
    target: [
      'system="genesis-dr"',
      'alertname!~"GenesisDRExporterDown|GenesisDRWatchdog|DisasterEvent"',
      `component!~"region|${ownRight}"`,
    ],
    equal: ['cluster'],
  },
  ...Object.entries(collectorFeeds).map(([collector, components]) => ({
    name: `collector-stalled-${collector}`,
    source: ['alertname="GenesisDRCollectorStalled"', `collector="${collector}"`],
    target: ['system="genesis-dr"', `component=~"${components.join('|')}"`, notTheDisaster],
    equal: ['cluster'],
  })),
  {
    name: 'region-down',
    source: ['alertname="GenesisRegionDown"'],
    // An absent label equals an absent label: without region!="" alerts about no region would be silenced as well.
    target: ['system="genesis-dr"', 'region!=""', notTheDisaster, `component!~"region|${ownRight}"`],
    equal: ['cluster', 'region'],
  },
  {
    name: 'critical-over-warning',
    source: ['system="genesis-dr"', 'severity="critical"', 'service!=""'],
    // Alerts about no service are each about something else (a host, a user): one does not explain the other.
    target: ['system="genesis-dr"', 'severity="warning"', 'service!=""'],
    equal: ['cluster', 'service', 'component', 'sla'],
  },
  {
    name: 'backup-too-old',
    source: ['alertname="BackupTooOld"'],
    target: ['alertname="GenesisBackupSLAViolation"'],
    equal: ['cluster', 'service'],
  },
];

/** The section `inhibit_rules`. */
export function inhibitRules({ alertmanager }: Pick<Config, 'alertmanager'>): Record<string, unknown>[] {
  return inhibitions.map(({ name, source, target, equal }) => ({
    ...(alertmanagerReads(alertmanager, 30) ? { name } : {}),
    source_matchers: source,
    target_matchers: target,
    equal,
  }));
}
