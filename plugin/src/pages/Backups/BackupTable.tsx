import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '../../text.ts';
import { Icon, useStyles2 } from '@grafana/ui';
import { useMemo } from 'react';
import type { Backup } from '../../api/types.ts';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { ariaSort, nextSort, type BackupSort, type SortOrder } from '../../lib/backup-list.ts';
import { DataTable, type Column } from '../../lib/DataTable.tsx';
import { formatBytes, formatDuration } from '../../lib/format.ts';
import { Moment } from '../../lib/Moment.tsx';
import { drilledWord, durationOf, statusWord, typeWord, verifiedWord } from './words.ts';

interface BackupTableProps {
  readonly backups: readonly Backup[];
  readonly sort: SortOrder;
  readonly onSort: (sort: SortOrder) => void;
  readonly selected: string;
  readonly onOpen: (id: string) => void;
}

export function BackupTable({ backups, sort, onSort, selected, onOpen }: BackupTableProps): React.JSX.Element {
  const columns = useMemo(() => columnsOf(sort, onSort, onOpen), [sort, onSort, onOpen]);
  return (
    <DataTable
      label={t('backups.table', 'Backups')}
      columns={columns}
      rows={backups}
      keyOf={({ id }) => id}
      selected={selected}
    />
  );
}

function columnsOf(
  sort: SortOrder,
  onSort: (sort: SortOrder) => void,
  onOpen: (id: string) => void,
): readonly Column<Backup>[] {
  const sorting = (column: BackupSort): Column<Backup>['sort'] => ({
    order: ariaSort(sort, column),
    onSort: () => onSort(nextSort(sort, column)),
  });
  const number = { isNumber: true };
  return [
    {
      id: 'startedAt',
      header: t('backups.col-data', 'Data of'),
      sort: sorting('startedAt'),
      cell: (backup) => <OpenCell backup={backup} onOpen={onOpen} />,
    },
    {
      id: 'service',
      header: t('backups.col-service', 'Service'),
      sort: sorting('service'),
      cell: ({ service }) => service,
    },
    { id: 'type', header: t('backups.col-type', 'Type'), cell: (backup) => <TypeCell backup={backup} /> },
    {
      id: 'bytes',
      header: t('backups.col-size', 'Data'),
      ...number,
      sort: sorting('bytes'),
      cell: ({ bytes }) => formatBytes(bytes),
    },
    {
      id: 'stored',
      header: t('backups.col-stored', 'Stored'),
      ...number,
      sort: sorting('storedBytes'),
      cell: ({ storedBytes }) => formatBytes(storedBytes),
    },
    {
      id: 'duration',
      header: t('backups.col-duration', 'Took'),
      ...number,
      sort: sorting('durationSeconds'),
      cell: (backup) => formatDuration(durationOf(backup)),
    },
    {
      id: 'components',
      header: t('backups.col-components', 'Components'),
      isMinor: true,
      cell: ({ components }) => components.map(({ name }) => name).join(', '),
    },
    {
      id: 'checksum',
      header: t('backups.col-checksum', 'Checksum'),
      isMinor: true,
      cell: ({ checksum }) => <code title={checksum}>{checksum.slice(0, 8)}</code>,
    },
    { id: 'state', header: t('backups.col-state', 'State'), cell: (backup) => <StateCell backup={backup} /> },
  ];
}

interface OpenCellProps {
  readonly backup: Backup;
  readonly onOpen: (id: string) => void;
}

function OpenCell({ backup: { id, startedAt }, onOpen }: OpenCellProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  return (
    <button type="button" className={styles.open} onClick={() => onOpen(id)}>
      <Moment at={startedAt} />
      <small>{id}</small>
    </button>
  );
}

function TypeCell({ backup }: { readonly backup: Backup }): React.JSX.Element {
  return (
    <span>
      {typeWord(backup.type)}
      {backup.keep && (
        <>
          {' '}
          <Icon name="lock" size="sm" title={t('backups.kept', 'Kept: retention does not delete it')} />
        </>
      )}
    </span>
  );
}

function StateCell({ backup }: { readonly backup: Backup }): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const words = [statusWord(backup.status), verifiedWord(backup.verifyResult), drilledWord(backup.drilledAt)];
  return (
    <span className={styles.badges}>
      {words.map(({ text, tone }) => (
        <StatusBadge key={text} text={text} tone={tone} />
      ))}
    </span>
  );
}

function getStyles(theme: GrafanaTheme2) {
  return {
    open: css({
      display: 'inline-flex',
      flexDirection: 'column',
      padding: 0,
      border: 0,
      background: 'none',
      textAlign: 'left',
      color: theme.colors.text.link,
      cursor: 'pointer',
      overflowWrap: 'anywhere',
      '&:hover time': { textDecoration: 'underline' },
      small: { color: theme.colors.text.secondary, fontFamily: theme.typography.fontFamilyMonospace },
    }),
    badges: css({ display: 'inline-flex', flexWrap: 'wrap', gap: theme.spacing(0.5) }),
  };
}
