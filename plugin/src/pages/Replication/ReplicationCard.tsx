import type { ArchiverFacts, ReplicationFacts } from '@genesis-dr/exporter/contract';
import { t } from '../../text.ts';
import { Alert, Stack, Text, TextLink } from '@grafana/ui';
import { useConnection } from '../../api/hooks.ts';
import type { Service } from '../../api/types.ts';
import { Facts } from '../../components/flow/PlanView.tsx';
import { Panel } from '../../components/Panel.tsx';
import { NothingYet } from '../../components/states.tsx';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { Time } from '../../components/Time.tsx';
import { partOf } from '../../lib/facts.ts';
import { formatCount, formatDuration } from '../../lib/format.ts';
import { isArchiverFailing, replicaRows, worstVerdict } from '../../lib/replication-view.ts';
import { serviceUrl } from '../index.ts';
import { ReplicaTable } from './ReplicaTable.tsx';
import { replicationTestIds } from './testIds.ts';
import { verdictWord } from './words.ts';

/** One database with its standbys. */
export function ReplicationCard({ service }: { readonly service: Service }): React.JSX.Element {
  const part = partOf(service.replication);
  return (
    <Panel title={service.name} aside={<Aside service={service} />} testId={replicationTestIds.service(service.name)}>
      {part.kind === 'unknown' && (
        <Alert
          severity="warning"
          title={t('replication.unknown', 'Nothing is known of it now: {{why}}', { why: part.why })}
        >
          {t('error.hint', 'What helps: {{hint}}.', { hint: part.hint.replace(/\.$/, '') })}
        </Alert>
      )}
      {part.kind === 'known' && <Known facts={part.value} at={part.at} />}
    </Panel>
  );
}

function Aside({ service }: { readonly service: Service }): React.JSX.Element {
  const part = partOf(service.replication);
  const { failingSince } = useConnection();
  const worst = part.kind === 'known' ? worstVerdict(replicaRows(part.value)) : 'unknown';
  // While the exporter does not answer, nobody knows.
  const word = verdictWord(failingSince === null ? (worst ?? 'none') : 'unknown');
  return (
    <Stack gap={1} wrap="wrap" alignItems="center">
      <StatusBadge tone={word.tone} text={word.text} />
      <TextLink href={serviceUrl(service.name)}>{t('replication.open', 'Open the service')}</TextLink>
    </Stack>
  );
}

interface KnownProps {
  readonly facts: ReplicationFacts;
  readonly at: string;
}

function Known({ facts, at }: KnownProps): React.JSX.Element {
  const rows = replicaRows(facts);
  return (
    <Stack direction="column" gap={2}>
      {facts.problem !== null && facts.isPrimary && <Alert severity="warning" title={facts.problem} />}
      {!facts.isPrimary && (
        <Alert
          severity="error"
          title={t('replication.not-primary', 'The server that is configured as primary accepts no writes')}
        >
          {t(
            'replication.not-primary-mend',
            'It is a standby itself: somebody may have promoted another one. What is below is seen from it.',
          )}{' '}
          {facts.problem}
        </Alert>
      )}
      <Facts rows={[...serverRows(facts), [t('replication.asked', 'Asked'), <Time key="at" at={at} show="age" />]]} />
      {rows.length === 0 ? (
        <NothingYet what={t('replication.no-replica', 'No standby follows this database')} />
      ) : (
        <ReplicaTable rows={rows} />
      )}
      <Archiver archiver={facts.archiver} />
    </Stack>
  );
}

function serverRows(facts: ReplicationFacts): readonly (readonly [string, React.ReactNode])[] {
  const { currentLsn, timeline, heartbeatAt, heartbeatProblem, heartbeatIntervalSeconds, lagDegradedSeconds } = facts;
  const unknown = t('time.unknown', 'not known');
  return [
    [t('replication.position', 'Position in the log'), currentLsn ?? unknown],
    [t('replication.timeline', 'Timeline'), timeline === null ? unknown : String(timeline)],
    [
      heartbeatIntervalSeconds === null
        ? t('replication.heartbeat', 'Heartbeat row written')
        : t('replication.heartbeat-every', 'Heartbeat row written (every {{interval}})', {
            interval: formatDuration(heartbeatIntervalSeconds),
          }),
      heartbeatAt === null ? (
        (heartbeatProblem ?? t('replication.no-heartbeat', 'none is written: switched off'))
      ) : (
        <span key="heartbeat">
          <Time at={heartbeatAt} show="age" /> {heartbeatProblem}
        </span>
      ),
    ],
    [
      t('replication.degraded', 'Too far behind from'),
      t('replication.degraded-of', '{{lag}} on', { lag: formatDuration(lagDegradedSeconds) }),
    ],
  ];
}

function Archiver({ archiver }: { readonly archiver: ArchiverFacts | null }): React.JSX.Element {
  if (archiver === null)
    return (
      <Text color="secondary">
        {t('archiver.off', 'The log is not archived (archive_mode is off): only backups can be brought back.')}
      </Text>
    );
  const { readySegments, lastArchivedAt, lastArchivedWal, lastFailedAt, lastFailedWal, failedCount } = archiver;
  const isFailing = isArchiverFailing(archiver);
  return (
    <section aria-label={t('archiver.title', 'Archiving of the log')}>
      <Stack direction="column" gap={1}>
        <Stack gap={1} alignItems="center" wrap="wrap">
          <Text element="h3" variant="h6">
            {t('archiver.title', 'Archiving of the log')}
          </Text>
          <StatusBadge
            tone={isFailing ? 'bad' : lastArchivedAt === null ? 'unknown' : 'good'}
            text={
              isFailing
                ? t('archiver.failing', 'Failing')
                : lastArchivedAt === null
                  ? t('archiver.nothing', 'Nothing archived yet')
                  : t('archiver.works', 'Works')
            }
          />
        </Stack>
        <Facts
          rows={[
            [
              t('archiver.ready', 'Segments waiting'),
              readySegments === null ? t('time.unknown', 'not known') : formatCount(readySegments),
            ],
            [t('archiver.last', 'Last archived'), <WalAt key="last" at={lastArchivedAt} wal={lastArchivedWal} />],
            [
              t('archiver.failed', 'Last failure'),
              lastFailedAt === null ? (
                t('archiver.never', 'never')
              ) : (
                <WalAt key="failed" at={lastFailedAt} wal={lastFailedWal} />
              ),
            ],
            [t('archiver.count', 'Failures since the statistics began'), formatCount(failedCount)],
          ]}
        />
      </Stack>
    </section>
  );
}

function WalAt({ at, wal }: { readonly at: string | null; readonly wal: string | null }): React.JSX.Element {
  return (
    <span>
      <Time at={at} show="age" absent={t('archiver.never', 'never')} />
      {wal !== null && <code style={{ display: 'block', whiteSpace: 'normal', overflowWrap: 'anywhere' }}>{wal}</code>}
    </span>
  );
}
