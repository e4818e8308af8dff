import type { FailoverNode } from '../port.ts';
import { slotNameOf } from './conninfo.ts';
import { parseSyncNames, type SyncRule } from './standing.ts';
import { oneRow, onNode, type Work } from './work.ts';

/** What the settings of the nodes put at risk when the primary moves. */

export interface SettingsRow {
  readonly standby: boolean;
  readonly version: number;
  readonly walLevel: string;
  readonly checksums: boolean;
  readonly logHints: boolean;
  readonly fullPageWrites: boolean;
  readonly maxWalSenders: number;
  readonly maxReplicationSlots: number;
  readonly hotStandby: boolean;
  readonly syncNames: string;
  readonly syncCommit: string;
  readonly archiveMode: string;
  readonly restarts: boolean;
  /** Null: the role may not see it, or none is set. */
  readonly conninfo: string | null;
  readonly slot: string | null;
  readonly mayPromote: boolean;
  readonly mayAlter: boolean;
  /** Names of who streams from it. */
  readonly senders: readonly string[] | null;
  /** Free physical slots with their state, e.g. `lost`. */
  readonly brokenSlots: readonly string[] | null;
}

const settingsSql = `
  SELECT pg_is_in_recovery() AS "standby",
         current_setting('server_version_num')::int AS "version",
         current_setting('wal_level') AS "walLevel",
         current_setting('data_checksums')::bool AS "checksums",
         current_setting('wal_log_hints')::bool AS "logHints",
         current_setting('full_page_writes')::bool AS "fullPageWrites",
         current_setting('max_wal_senders')::int AS "maxWalSenders",
         current_setting('max_replication_slots')::int AS "maxReplicationSlots",
         current_setting('hot_standby')::bool AS "hotStandby",
         current_setting('synchronous_standby_names') AS "syncNames",
         current_setting('synchronous_commit') AS "syncCommit",
         current_setting('archive_mode') AS "archiveMode",
         current_setting('restart_after_crash')::bool AS "restarts",
         CASE WHEN pg_has_role('pg_read_all_settings', 'USAGE')
              THEN nullif(current_setting('primary_conninfo'), '') END AS "conninfo",
         nullif(current_setting('primary_slot_name'), '') AS "slot",
         has_function_privilege('pg_promote(boolean, integer)', 'EXECUTE') AS "mayPromote",
         (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS "mayAlter",
         (SELECT json_agg(application_name) FROM pg_stat_replication) AS "senders",
         (SELECT json_agg(slot_name) FROM pg_replication_slots
           WHERE slot_type = 'physical' AND wal_status IN ('lost', 'unreserved')) AS "brokenSlots"`;

export async function readWarnings(work: Work): Promise<readonly string[]> {
  const rows = await Promise.all(
    work.cluster.nodes.map(async (node) => {
      const row = await onNode(work, node, (session) => oneRow<SettingsRow>(session, settingsSql));
      return { node, row: row.ok ? row.value : null };
    }),
  );
  return [
    ...rows.flatMap(({ node, row }) => (row === null ? [] : nodeWarnings(node, row))),
    ...clusterWarnings(work, rows),
  ];
}

export interface NodeSettings {
  readonly node: FailoverNode;
  readonly row: SettingsRow | null;
}

/** Pure. */
export function nodeWarnings(node: FailoverNode, row: SettingsRow): readonly string[] {
  const told: [boolean, string][] = [
    [row.version < 130_000, 'is older than PostgreSQL 13: this engine is for 13 and later'],
    [row.walLevel === 'minimal', 'has wal_level minimal: no standby can follow it'],
    [
      !row.checksums && !row.logHints,
      'has neither data checksums nor wal_log_hints: after a failover it can only be cloned anew, not rewound',
    ],
    [!row.fullPageWrites, 'has full_page_writes off: it cannot be rewound'],
    [row.syncCommit === 'off', 'has synchronous_commit off: a crash alone loses commits that were acknowledged'],
    [
      row.syncNames !== '' && row.syncCommit === 'local',
      'has synchronous_commit local: commits do not wait for the synchronous standbys',
    ],
    [row.maxWalSenders < 2, `has max_wal_senders ${row.maxWalSenders}: as the primary it cannot serve the other nodes`],
    [
      row.maxReplicationSlots < 1,
      'has max_replication_slots 0: as the primary it keeps no log for standbys that are away',
    ],
    [!row.hotStandby, 'has hot_standby off: as a standby it cannot be asked anything'],
    [
      row.archiveMode === 'on' && row.standby,
      'has archive_mode on: what the old primary had not archived when it ended, no standby archives (always would)',
    ],
    [
      !row.restarts && node.commands.start === null,
      'has restart_after_crash off: a crash of one of its backends takes it down',
    ],
    [row.standby && row.slot === null, 'streams without a slot: the primary may remove log that it still needs'],
    [
      row.standby && row.conninfo !== null && !/\bapplication_name\s*=/.test(row.conninfo),
      'has no application_name in primary_conninfo: nobody can tell who it is, and it cannot be a synchronous standby by its name',
    ],
    [!row.mayPromote, 'does not let the role of Genesis EXECUTE pg_promote'],
    [
      !row.mayAlter,
      'has no superuser for Genesis: repointing needs ALTER SYSTEM on primary_conninfo and primary_slot_name',
    ],
    [
      (row.brokenSlots ?? []).length > 0,
      `has lost log of the slots ${(row.brokenSlots ?? []).join(', ')}: those standbys need a new copy`,
    ],
    [
      node.data === null && node.commands.confirmDown === null,
      'stands elsewhere without confirm_down: it can never be fenced by proof, only a person can go on',
    ],
  ];
  return told.filter(([is]) => is).map(([, text]) => `${node.name} ${text}`);
}

const loopback = /^(\/|localhost$|127\.|::1$)/;

/** What a promotion would take away: settings do not travel with the log. Pure. */
export function waitingWarnings(rows: readonly NodeSettings[]): readonly string[] {
  const primary = rows.find(({ row }) => row?.standby === false);
  if (primary?.row === undefined || primary.row === null || primary.row.syncNames === '') return [];
  return rows.flatMap(({ node, row }) =>
    row !== null && row.standby && node.candidate && row.syncNames === ''
      ? [
          `${node.name} has no synchronous_standby_names, ${primary.node.name} has: as the primary its commits wait for nobody`,
        ]
      : [],
  );
}

function clusterWarnings({ cluster }: Work, rows: readonly NodeSettings[]): readonly string[] {
  const warnings: string[] = [...waitingWarnings(rows)];
  const hosts = cluster.nodes.flatMap(({ server }) => (server === null ? [] : [server.host]));
  if (hosts.some((host) => loopback.test(host)) && hosts.some((host) => !loopback.test(host)))
    warnings.push(
      'some nodes are named by socket or loopback and others are not: standbys elsewhere could not follow them',
    );
  const names = new Set(cluster.nodes.map(({ name }) => name));
  for (const { node, row } of rows) {
    const strangers = (row?.senders ?? []).filter((name) => !names.has(name) && !passing.has(name));
    if (strangers.length > 0)
      warnings.push(
        `${node.name} feeds ${strangers.join(', ')}, which is no node of the service: nobody points it at a new primary`,
      );
    if (row !== null && isAlone(parseSyncNames(row.syncNames), node.name))
      warnings.push(
        `${node.name} names only itself in synchronous_standby_names: as the primary it would wait for ever`,
      );
    if (row !== null && row.maxReplicationSlots > 0 && row.maxReplicationSlots < cluster.nodes.length - 1)
      warnings.push(
        `${node.name} has max_replication_slots ${row.maxReplicationSlots} for ${cluster.nodes.length - 1} standbys`,
      );
  }
  const slots = cluster.nodes.map(slotNameOf);
  if (new Set(slots).size < slots.length)
    warnings.push('names of nodes differ only in - and _: their slots would have one name');
  return warnings;
}

/** They come and go by themselves. */
const passing = new Set(['pg_basebackup', 'pg_receivewal', 'genesis_clone', 'genesis_rewind']);

function isAlone(rule: SyncRule | null, name: string): boolean {
  return rule !== null && rule.names.every((each) => each === name);
}
