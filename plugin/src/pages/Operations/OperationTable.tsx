import { t } from '../../text.ts';
import { useMemo } from 'react';
import type { Operation } from '../../api/types.ts';
import { OperationBadge } from '../../components/StatusBadge.tsx';
import { DataTable, type Column } from '../../lib/DataTable.tsx';
import { formatDuration } from '../../lib/format.ts';
import { LinkButtonText } from '../../lib/LinkButtonText.tsx';
import { Moment } from '../../lib/Moment.tsx';
import { elapsedSeconds } from '../../lib/operation-view.ts';
import { actorWord, kindWord } from './words.ts';

interface OperationTableProps {
  readonly operations: readonly Operation[];
  readonly selected: string;
  readonly onOpen: (id: string) => void;
}

/** Operations that have ended. */
export function OperationTable({ operations, selected, onOpen }: OperationTableProps): React.JSX.Element {
  const columns = useMemo(() => columnsOf(onOpen), [onOpen]);
  return (
    <DataTable
      label={t('operations.table', 'Ended operations')}
      columns={columns}
      rows={operations}
      keyOf={({ id }) => id}
      selected={selected}
    />
  );
}

function columnsOf(onOpen: (id: string) => void): readonly Column<Operation>[] {
  return [
    {
      id: 'started',
      header: t('operations.col-started', 'Started'),
      cell: ({ id, startedAt, createdAt }) => (
        <LinkButtonText onClick={() => onOpen(id)} below={id}>
          <Moment at={startedAt ?? createdAt} />
        </LinkButtonText>
      ),
    },
    { id: 'kind', header: t('operations.col-kind', 'What'), cell: ({ kind }) => kindWord(kind) },
    { id: 'service', header: t('operations.col-service', 'Service'), cell: ({ service }) => service },
    { id: 'state', header: t('operations.col-state', 'End'), cell: ({ state }) => <OperationBadge state={state} /> },
    {
      id: 'took',
      header: t('operations.col-took', 'Took'),
      isNumber: true,
      cell: (operation) => {
        const seconds = operation.endedAt === null ? null : elapsedSeconds(operation, Date.parse(operation.endedAt));
        return seconds === null ? t('operations.never-began', 'never began') : formatDuration(seconds);
      },
    },
    { id: 'actor', header: t('operations.col-actor', 'By'), cell: ({ actor }) => actorWord(actor) },
    { id: 'why', header: t('operations.col-why', 'Reason or error'), cell: outcome },
  ];
}

function outcome({ error, reason }: Operation): string {
  if (error !== null) return error.message;
  return reason ?? '';
}
