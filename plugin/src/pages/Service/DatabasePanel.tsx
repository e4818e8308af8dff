import type { DatabaseFacts } from '@genesis-dr/exporter/contract';
import { t } from '../../text.ts';
import { Stack, Text } from '@grafana/ui';
import type { Service } from '../../api/types.ts';
import { Facts } from '../../components/flow/PlanView.tsx';
import { Panel } from '../../components/Panel.tsx';
import { Time } from '../../components/Time.tsx';
import { DataTable } from '../../lib/DataTable.tsx';
import { partOf } from '../../lib/facts.ts';
import { formatBytes, formatCount, formatDuration } from '../../lib/format.ts';
import { serviceTestIds } from './testIds.ts';

/** How the database server is doing; nothing for services without one. */
export function DatabasePanel({ service }: { readonly service: Service }): React.JSX.Element | null {
  const part = partOf(service.database);
  if (part.kind === 'absent') return null;
  return (
    <Panel
      title={t('database.title', 'Database')}
      aside={
        <Text variant="bodySmall" color="secondary">
          {t('database.read', 'read')} <Time at={part.at} show="age" />
        </Text>
      }
      testId={serviceTestIds.database}
    >
      {part.kind === 'unknown' ? (
        <Text color="secondary">
          {t('database.unknown', 'Not known: {{why}}. What helps: {{hint}}.', { why: part.why, hint: part.hint })}
        </Text>
      ) : (
        <Known facts={part.value} />
      )}
    </Panel>
  );
}

function Known({ facts }: { readonly facts: DatabaseFacts }): React.JSX.Element {
  const { version, connectionsUsed, connectionsMax, locksWaiting, longestTransactionSeconds } = facts;
  return (
    <Stack direction="column" gap={2}>
      <Facts
        rows={[
          [t('database.version', 'PostgreSQL'), version],
          [
            t('database.connections', 'Connections'),
            t('database.of', '{{used}} of {{most}}', {
              used: formatCount(connectionsUsed),
              most: formatCount(connectionsMax),
            }),
          ],
          [t('database.locks', 'Waiting for a lock'), formatCount(locksWaiting)],
          [
            t('database.longest', 'Longest transaction'),
            longestTransactionSeconds === null
              ? t('database.no-transaction', 'none is open')
              : formatDuration(longestTransactionSeconds),
          ],
        ]}
      />
      <Tables facts={facts} />
      <Queries facts={facts} />
    </Stack>
  );
}

function Tables({ facts }: { readonly facts: DatabaseFacts }): React.JSX.Element | null {
  if (facts.tables.length === 0) return null;
  return (
    <DataTable<DatabaseFacts['tables'][number]>
      label={t('database.tables', 'Largest tables')}
      columns={[
        { id: 'name', header: t('database.col-table', 'Largest tables'), cell: ({ name }) => name },
        {
          id: 'bytes',
          header: t('database.col-bytes', 'Size'),
          isNumber: true,
          cell: ({ bytes }) => formatBytes(bytes),
        },
        {
          id: 'rows',
          header: t('database.col-rows', 'Rows, estimated'),
          isNumber: true,
          cell: ({ rows }) => (rows === null ? t('time.unknown', 'not known') : formatCount(rows)),
        },
      ]}
      rows={facts.tables}
      keyOf={({ name }) => name}
    />
  );
}

function Queries({ facts }: { readonly facts: DatabaseFacts }): React.JSX.Element {
  if (facts.queries === null)
    return (
      <Text variant="bodySmall" color="secondary">
        {t('database.no-queries', 'Slow queries are not known: the extension pg_stat_statements is not there.')}
      </Text>
    );
  return (
    <DataTable<NonNullable<DatabaseFacts['queries']>[number]>
      label={t('database.queries', 'Queries that took longest in total')}
      columns={[
        {
          id: 'text',
          header: t('database.col-query', 'Queries, longest in total first'),
          cell: ({ text }) => <code style={{ whiteSpace: 'normal', overflowWrap: 'anywhere' }}>{text}</code>,
        },
        {
          id: 'calls',
          header: t('database.col-calls', 'Calls'),
          isNumber: true,
          cell: ({ calls }) => formatCount(calls),
        },
        {
          id: 'total',
          header: t('database.col-total', 'In total'),
          isNumber: true,
          cell: ({ totalSeconds }) => formatDuration(totalSeconds),
        },
        {
          id: 'mean',
          header: t('database.col-mean', 'Mean'),
          isNumber: true,
          cell: ({ meanSeconds }) => formatDuration(meanSeconds),
        },
      ]}
      rows={facts.queries}
      keyOf={({ id }) => id}
    />
  );
}
