import type { ReplicaFacts, SlotFacts } from '@genesis-dr/exporter/contract';
import { t } from '../../text.ts';
import { Text } from '@grafana/ui';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { DataTable, type Column } from '../../lib/DataTable.tsx';
import { formatBytes, formatDuration } from '../../lib/format.ts';
import type { ReplicaRow } from '../../lib/replication-view.ts';
import { verdictWord } from './words.ts';

export function ReplicaTable({ rows }: { readonly rows: readonly ReplicaRow[] }): React.JSX.Element {
  return (
    <DataTable
      label={t('replicas.table', 'Standbys')}
      columns={columns()}
      rows={rows}
      keyOf={({ replica }) => replica.name}
    />
  );
}

function seconds(value: number | null): string {
  return value === null ? t('time.unknown', 'not known') : formatDuration(Math.max(0, value));
}

function bytes(value: number | null): string {
  return value === null ? t('time.unknown', 'not known') : formatBytes(value);
}

function columns(): readonly Column<ReplicaRow>[] {
  const number = { isNumber: true };
  return [
    { id: 'name', header: t('replicas.col-name', 'Standby'), cell: ({ replica }) => replica.name },
    { id: 'state', header: t('replicas.col-state', 'State'), cell: (row) => <State row={row} /> },
    {
      id: 'lag',
      header: t('replicas.col-lag', 'Behind by'),
      ...number,
      cell: ({ replica }) => <strong>{seconds(replica.lagSeconds)}</strong>,
    },
    {
      id: 'bytes',
      header: t('replicas.col-bytes', 'Not replayed'),
      ...number,
      cell: ({ replica }) => bytes(replica.lagBytes),
    },
    {
      id: 'queue',
      header: t('replicas.col-queue', 'Still to send'),
      ...number,
      cell: ({ replica }) => bytes(replica.queueBytes),
    },
    {
      id: 'heartbeat',
      header: t('replicas.col-heartbeat', 'Heartbeat seen there'),
      ...number,
      cell: ({ replica }) =>
        replica.heartbeatLagSeconds === null
          ? t('time.unknown', 'not known')
          : t('replicas.old', '{{age}} old', { age: seconds(replica.heartbeatLagSeconds) }),
    },
    {
      id: 'steps',
      header: t('replicas.col-steps', 'Write, flush, replay'),
      cell: ({ replica }) => <Steps replica={replica} />,
    },
    { id: 'sync', header: t('replicas.col-sync', 'Waits for it'), cell: ({ replica }) => syncWord(replica.syncState) },
    { id: 'slot', header: t('replicas.col-slot', 'Slot'), cell: ({ replica }) => <Slot slot={replica.slot} /> },
  ];
}

/** Where the badge does not say what the connection itself is doing. */
const saysMore: readonly ReplicaRow['verdict'][] = ['lagging', 'unknown', 'slot_lost'];

function State({ row: { replica, verdict } }: { readonly row: ReplicaRow }): React.JSX.Element {
  const { tone, text } = verdictWord(verdict);
  return (
    <span>
      <StatusBadge tone={tone} text={text} />{' '}
      <Text variant="bodySmall" color="secondary">
        {replica.connected && saysMore.includes(verdict) ? replica.state : ''} {replica.problem}
      </Text>
    </span>
  );
}

/** What the primary says; an idle one says nothing. */
function Steps({ replica }: { readonly replica: ReplicaFacts }): React.JSX.Element {
  const { writeLagSeconds, flushLagSeconds, replayLagSeconds } = replica;
  const all = [writeLagSeconds, flushLagSeconds, replayLagSeconds];
  if (all.every((value) => value === null))
    return (
      <span>
        {replica.state === 'streaming' ? t('replicas.idle', 'nothing written lately') : t('time.unknown', 'not known')}
      </span>
    );
  return <span>{all.map(seconds).join(' · ')}</span>;
}

function syncWord(state: ReplicaFacts['syncState']): string {
  switch (state) {
    case 'sync':
      return t('sync.sync', 'always');
    case 'quorum':
      return t('sync.quorum', 'as one of a quorum');
    case 'potential':
      return t('sync.potential', 'if another one is gone');
    case 'async':
      return t('sync.async', 'never');
    default:
      return t('time.unknown', 'not known');
  }
}

function Slot({ slot }: { readonly slot: SlotFacts | null }): React.JSX.Element {
  if (slot === null) return <span>{t('slot.none', 'none')}</span>;
  const { name, active, walStatus, retainedBytes, safeWalSizeBytes } = slot;
  const parts = [
    active ? t('slot.active', 'in use') : t('slot.idle', 'not in use'),
    walStatus === null ? null : walStatus,
    retainedBytes === null ? null : t('slot.retained', 'keeps {{size}}', { size: formatBytes(retainedBytes) }),
    safeWalSizeBytes === null
      ? null
      : t('slot.safe', '{{size}} until it is lost', { size: formatBytes(safeWalSizeBytes) }),
  ].filter((part) => part !== null);
  return (
    <span>
      {name}
      <small style={{ display: 'block' }}>{parts.join(', ')}</small>
    </span>
  );
}
