import { t } from '../../text.ts';
import { useMemo } from 'react';
import type { Drill } from '../../api/types.ts';
import { DataTable, type Column } from '../../lib/DataTable.tsx';
import { firstMiss, levelsReached } from '../../lib/drill-levels.ts';
import { formatBytes, formatCount, formatDuration } from '../../lib/format.ts';
import { LinkButtonText } from '../../lib/LinkButtonText.tsx';
import { Moment } from '../../lib/Moment.tsx';
import { PassedBadge } from './DrillCard.tsx';

interface DrillTableProps {
  readonly drills: readonly Drill[];
  readonly selected: string;
  readonly onOpen: (operationId: string) => void;
}

export function DrillTable({ drills, selected, onOpen }: DrillTableProps): React.JSX.Element {
  const columns = useMemo(() => columnsOf(onOpen), [onOpen]);
  return (
    <DataTable
      label={t('drills.table', 'Drills')}
      columns={columns}
      rows={drills}
      keyOf={({ operationId }) => operationId}
      selected={selected}
    />
  );
}

/** A drill that failed before it measured has no value; a dash would look like one. */
export function measured(seconds: number | null): string {
  return seconds === null ? t('drills.not-measured', 'not measured') : formatDuration(seconds);
}

/** Drills of files have no levels. */
function levelsText(levels: Drill['levels']): string {
  const reached = levelsReached(levels);
  return reached === null ? '' : t('drills.levels', '{{passed}} of {{asked}}', { ...reached });
}

function foundText({ failure, differences, levels }: Drill): string {
  const said = failure?.message ?? differences[0];
  if (said !== undefined) return said;
  const miss = firstMiss(levels ?? []);
  if (miss !== null) return t('drills.miss', 'level {{level}}: {{detail}}', { level: miss.level, detail: miss.detail });
  return (levels ?? []).length > 0
    ? t('drills.all-levels', 'every level passed')
    : t('drills.no-difference', 'no difference');
}

function columnsOf(onOpen: (operationId: string) => void): readonly Column<Drill>[] {
  const number = { isNumber: true };
  return [
    {
      id: 'started',
      header: t('drills.col-started', 'Started'),
      cell: ({ startedAt, operationId }) => (
        <LinkButtonText onClick={() => onOpen(operationId)} below={operationId}>
          <Moment at={startedAt} />
        </LinkButtonText>
      ),
    },
    { id: 'service', header: t('drills.col-service', 'Service'), cell: ({ service }) => service },
    { id: 'result', header: t('drills.col-result', 'Result'), cell: ({ passed }) => <PassedBadge passed={passed} /> },
    { id: 'levels', header: t('drills.col-levels', 'Levels'), cell: ({ levels }) => levelsText(levels) },
    { id: 'rto', header: t('drills.col-rto', 'RTO'), ...number, cell: ({ rtoSeconds }) => measured(rtoSeconds) },
    { id: 'rpo', header: t('drills.col-rpo', 'RPO'), ...number, cell: ({ rpoSeconds }) => measured(rpoSeconds) },
    {
      id: 'compared',
      header: t('drills.col-compared', 'Compared'),
      ...number,
      cell: ({ entriesCompared, bytesCompared }) =>
        t('drills.compared', '{{entries}} entries, {{bytes}}', {
          entries: formatCount(entriesCompared),
          bytes: formatBytes(bytesCompared),
        }),
    },
    {
      id: 'found',
      header: t('drills.col-found', 'Found'),
      cell: foundText,
    },
  ];
}
