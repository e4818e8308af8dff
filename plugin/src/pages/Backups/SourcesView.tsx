import { t } from '../../text.ts';
import { Stack, TextLink } from '@grafana/ui';
import { useApiQuery, type ApiQuery } from '../../api/hooks.ts';
import type { Backup, Reply, Service } from '../../api/types.ts';
import { Facts } from '../../components/flow/PlanView.tsx';
import { Panel } from '../../components/Panel.tsx';
import { LoadingRows, NoMatch, NotConfigured } from '../../components/states.tsx';
import { Choice } from '../../lib/Choice.tsx';
import { DataTable, type Column } from '../../lib/DataTable.tsx';
import { partOf } from '../../lib/facts.ts';
import { formatBytes, formatCount } from '../../lib/format.ts';
import { QueryNotice } from '../../lib/QueryNotice.tsx';
import { serviceUrl } from '../index.ts';
import { LogTables } from './LogTables.tsx';
import { Repositories } from './Repositories.tsx';
import { backupTestIds } from './testIds.ts';
import { statusWord } from './words.ts';

interface SourcesViewProps {
  readonly services: ApiQuery<Reply<'listServices'>>;
  /** '' is all. */
  readonly service: string;
  readonly onChange: (change: { readonly service: string }) => void;
}

/** What is backed up, where to, how fresh each place is, and how far single moments reach. */
export function SourcesView({ services, service, onChange }: SourcesViewProps): React.JSX.Element {
  const { data, error, isLoading, refetch } = services;
  const all: readonly Service[] = data?.items ?? [];
  const shown = service === '' ? all : all.filter(({ name }) => name === service);
  return (
    <Stack direction="column" gap={2}>
      {all.length > 1 && (
        <Choice
          label={t('backups.service', 'Service')}
          any={t('backups.any-service', 'All services')}
          options={all.map(({ name }) => ({ value: name, label: name }))}
          value={service}
          onChoose={(chosen) => onChange({ service: chosen })}
        />
      )}
      <QueryNotice
        error={error}
        title={t('sources.failed', 'The services could not be read')}
        onRetry={refetch}
        stale={data !== undefined}
      />
      {isLoading && <LoadingRows rows={3} height={140} />}
      {data !== undefined && all.length === 0 && (
        <NotConfigured what={t('backups.not-configured', 'No service is configured')} />
      )}
      {all.length > 0 && shown.length === 0 && (
        <NoMatch
          what={t('sources.no-match', 'No such service is configured')}
          onClear={() => onChange({ service: '' })}
        />
      )}
      {shown.map((one) => (
        <Source key={one.name} service={one} />
      ))}
    </Stack>
  );
}

function Source({ service }: { readonly service: Service }): React.JSX.Element {
  const pitr = partOf(service.pitr);
  return (
    <Panel
      title={service.name}
      aside={<TextLink href={serviceUrl(service.name)}>{t('sources.open', 'Open the service')}</TextLink>}
      testId={backupTestIds.source(service.name)}
    >
      <Facts rows={[[t('sources.engine', 'Engine'), engineText(service)]]} />
      <Databases service={service} />
      <Repositories service={service} />
      {pitr.kind === 'unknown' && (
        <p>{t('sources.log-unknown', 'How far single moments reach is not known: {{why}}', { why: pitr.why })}</p>
      )}
      {pitr.kind === 'known' && <LogTables pitr={pitr.value} />}
    </Panel>
  );
}

function engineText({ engine, pitr }: Service): string {
  const part = partOf(pitr);
  if (part.kind !== 'known') return engine;
  const { version, blockIncremental } = part.value;
  const blocks = {
    on: t('sources.blocks-on', 'increments by block'),
    off: t('sources.blocks-off', 'increments by file: switching them to blocks would save space'),
    unsupported: t('sources.blocks-unsupported', 'increments by file: this version knows no others'),
  }[blockIncremental];
  return t('sources.engine-of', '{{engine}} {{version}}, {{blocks}}', { engine, version, blocks });
}

type Database = NonNullable<Extract<NonNullable<Service['database']>, { known: true }>>['value']['databases'][number];
type Component = Backup['components'][number];

/** The databases of the server, or the components of the newest backup. */
function Databases({ service }: { readonly service: Service }): React.JSX.Element | null {
  const database = partOf(service.database);
  if (database.kind === 'known')
    return (
      <DataTable<Database>
        label={t('sources.databases', 'Databases of {{service}}', { service: service.name })}
        columns={[
          { id: 'name', header: t('sources.col-database', 'Database'), cell: ({ name }) => name },
          {
            id: 'bytes',
            header: t('sources.col-bytes', 'Size'),
            isNumber: true,
            cell: ({ bytes }) => formatBytes(bytes),
          },
          {
            id: 'commits',
            header: t('sources.col-commits', 'Commits'),
            isNumber: true,
            cell: ({ commits }) => formatCount(commits),
          },
          {
            id: 'rollbacks',
            header: t('sources.col-rollbacks', 'Rollbacks'),
            isNumber: true,
            cell: ({ rollbacks }) => formatCount(rollbacks),
          },
        ]}
        rows={database.value.databases}
        keyOf={({ name }) => name}
      />
    );
  const newest = service.backups.known ? service.backups.value.newest : null;
  return newest === null ? null : <Components service={service.name} backupId={newest.id} />;
}

function Components({
  service,
  backupId,
}: {
  readonly service: string;
  readonly backupId: string;
}): React.JSX.Element | null {
  const { data, error, isLoading, refetch } = useApiQuery(
    'getBackup',
    { params: { id: backupId } },
    { refreshMs: false },
  );
  if (isLoading) return <LoadingRows rows={2} />;
  if (data === undefined)
    return (
      <QueryNotice
        error={error}
        title={t('sources.components-failed', 'The components could not be read')}
        onRetry={refetch}
        stale={false}
      />
    );
  const columns: readonly Column<Component>[] = [
    { id: 'name', header: t('details.col-name', 'Component'), cell: ({ name }) => name },
    {
      id: 'state',
      header: t('sources.col-newest', 'In the newest backup'),
      cell: ({ status }) => statusWord(status).text,
    },
    { id: 'bytes', header: t('details.col-bytes', 'Data'), isNumber: true, cell: ({ bytes }) => formatBytes(bytes) },
    {
      id: 'entries',
      header: t('details.col-entries', 'Entries'),
      isNumber: true,
      cell: ({ entries }) => formatCount(entries),
    },
  ];
  return (
    <DataTable
      label={t('sources.components', 'Components of {{service}}', { service })}
      columns={columns}
      rows={data.components}
      keyOf={({ name }) => name}
    />
  );
}
