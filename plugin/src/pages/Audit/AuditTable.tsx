import { t } from '../../text.ts';
import { Stack, TextLink } from '@grafana/ui';
import { useMemo } from 'react';
import type { AuditEntry } from '../../api/types.ts';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { identityMark } from '../../lib/audit-list.ts';
import { DataTable, type Column } from '../../lib/DataTable.tsx';
import { formatCount } from '../../lib/format.ts';
import { LinkButtonText } from '../../lib/LinkButtonText.tsx';
import { Moment } from '../../lib/Moment.tsx';
import { operationUrl } from '../index.ts';
import { auditTestIds } from './testIds.ts';
import { identityWord, resultWord } from './words.ts';

interface AuditTableProps {
  readonly entries: readonly AuditEntry[];
  readonly selected: string;
  readonly onOpen: (seq: number) => void;
}

export function AuditTable({ entries, selected, onOpen }: AuditTableProps): React.JSX.Element {
  const columns = useMemo(() => columnsOf(onOpen), [onOpen]);
  return (
    <div data-testid={auditTestIds.table}>
      <DataTable
        label={t('audit.table', 'Audit log')}
        columns={columns}
        rows={entries}
        keyOf={({ seq }) => String(seq)}
        selected={selected}
      />
    </div>
  );
}

function columnsOf(onOpen: (seq: number) => void): readonly Column<AuditEntry>[] {
  return [
    {
      id: 'at',
      header: t('audit.col-when', 'When'),
      cell: ({ at, seq }) => (
        <LinkButtonText onClick={() => onOpen(seq)} below={t('audit.row', 'row {{seq}}', { seq: formatCount(seq) })}>
          <Moment at={at} />
        </LinkButtonText>
      ),
    },
    { id: 'who', header: t('audit.col-who', 'Who'), cell: (entry) => <Who entry={entry} /> },
    { id: 'what', header: t('audit.col-what', 'What'), cell: (entry) => <What entry={entry} /> },
    {
      id: 'why',
      header: t('audit.col-why', 'Why'),
      cell: ({ reason }) => reason ?? t('audit.no-reason', 'no reason given'),
    },
    {
      id: 'result',
      header: t('audit.col-result', 'Result'),
      cell: ({ result }) => <StatusBadge {...resultWord(result)} />,
    },
    {
      id: 'operation',
      header: t('audit.col-operation', 'Operation'),
      cell: ({ operationId }) =>
        operationId === null ? null : (
          <TextLink href={operationUrl(operationId)}>{t('audit.open-operation', 'Steps')}</TextLink>
        ),
    },
  ];
}

export function Who({ entry }: { readonly entry: AuditEntry }): React.JSX.Element {
  const mark = identityWord(identityMark(entry));
  return (
    <Stack gap={1} wrap="wrap" alignItems="center">
      <span>{`${entry.actor} (${entry.role})`}</span>
      {mark !== null && <StatusBadge tone={mark.tone} text={mark.text} />}
    </Stack>
  );
}

function What({ entry: { action, service, target } }: { readonly entry: AuditEntry }): React.JSX.Element {
  const of = [service, target].filter((part) => part !== null && part !== '').join(', ');
  return (
    <span>
      <code>{action}</code> {of}
    </span>
  );
}
