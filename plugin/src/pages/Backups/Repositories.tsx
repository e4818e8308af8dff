import { t } from '../../text.ts';
import type { Service } from '../../api/types.ts';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { Time } from '../../components/Time.tsx';
import { DataTable } from '../../lib/DataTable.tsx';
import { formatBytes, formatCount, formatDuration } from '../../lib/format.ts';
import { repositoryRows, type RepositoryRow, type RepositoryState } from '../../lib/repositories.ts';
import type { Word } from './words.ts';

/** Every place that holds backups of the service, with how fresh it is. */
export function Repositories({ service }: { readonly service: Service }): React.JSX.Element {
  const unknown = t('time.unknown', 'not known');
  return (
    <DataTable<RepositoryRow>
      label={t('repositories.table', 'Repositories of {{service}}', { service: service.name })}
      columns={[
        {
          id: 'name',
          header: t('repositories.col-name', 'Repository'),
          cell: ({ name, path }) => (
            <span title={path ?? undefined}>
              {name}
              {path !== null && <small style={{ display: 'block', overflowWrap: 'anywhere' }}>{path}</small>}
            </span>
          ),
        },
        { id: 'state', header: t('repositories.col-state', 'State'), cell: (row) => <State row={row} /> },
        {
          id: 'newest',
          header: t('repositories.col-newest', 'Newest backup there'),
          cell: ({ newestAt, state }) =>
            state === 'unknown' ? unknown : <Time at={newestAt} show="age" absent={t('card.none', 'none')} />,
        },
        {
          id: 'behind',
          header: t('repositories.col-behind', 'Behind by'),
          isNumber: true,
          cell: ({ lagSeconds }) =>
            lagSeconds === null
              ? unknown
              : lagSeconds === 0
                ? t('copies.current', 'nothing')
                : formatDuration(lagSeconds),
        },
        {
          id: 'queue',
          header: t('repositories.col-queue', 'Still to copy'),
          isNumber: true,
          cell: ({ queue }) => (queue === null ? unknown : formatCount(queue)),
        },
        {
          id: 'free',
          header: t('repositories.col-free', 'Free'),
          isNumber: true,
          cell: ({ freeBytes, state }) =>
            freeBytes !== null
              ? formatBytes(freeBytes)
              : state === 'unknown'
                ? unknown
                : t('objectives.spaceUntold', 'the store does not tell'),
        },
      ]}
      rows={repositoryRows(service)}
      keyOf={({ key }) => key}
    />
  );
}

function State({ row }: { readonly row: RepositoryRow }): React.JSX.Element {
  const { tone, text } = stateWord(row.state);
  return (
    <span>
      <StatusBadge tone={tone} text={text} /> {row.why}
    </span>
  );
}

function stateWord(state: RepositoryState): Word {
  switch (state) {
    case 'current':
      return { tone: 'good', text: t('copies.upToDate', 'Up to date') };
    case 'behind':
      return { tone: 'attention', text: t('copies.behind', 'Behind') };
    case 'same_disk':
      return { tone: 'attention', text: t('copies.sameDisk', 'On the same disk') };
    case 'old':
      return { tone: 'bad', text: t('repositories.old', 'Too old') };
    case 'empty':
      return { tone: 'bad', text: t('repositories.empty', 'Holds nothing') };
    case 'disconnected':
      return { tone: 'bad', text: t('copies.disconnected', 'Disconnected') };
    default:
      return { tone: 'unknown', text: t('readiness.unknown', 'Not known') };
  }
}
