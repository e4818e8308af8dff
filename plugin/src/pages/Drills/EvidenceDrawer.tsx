import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '../../text.ts';
import { Alert, Drawer, LinkButton, Stack, useStyles2 } from '@grafana/ui';
import { useApiQuery } from '../../api/hooks.ts';
import type { Drill } from '../../api/types.ts';
import { Facts } from '../../components/flow/PlanView.tsx';
import { LoadingRows, NothingYet } from '../../components/states.tsx';
import { Time } from '../../components/Time.tsx';
import { formatBytes, formatCount, formatDuration } from '../../lib/format.ts';
import { QueryNotice } from '../../lib/QueryNotice.tsx';
import { operationUrl, pageUrl } from '../index.ts';
import { PassedBadge } from './DrillCard.tsx';
import { Levels, Phases } from './Levels.tsx';
import { measured } from './DrillTable.tsx';
import { drillTestIds } from './testIds.ts';

interface EvidenceDrawerProps {
  readonly operationId: string;
  readonly onClose: () => void;
}

/** What one drill proved, or how it failed. */
export function EvidenceDrawer({ operationId, onClose }: EvidenceDrawerProps): React.JSX.Element {
  const found = useApiQuery('listDrills', { query: { operationId, limit: 1 } }, { keepPrevious: false });
  const drill = found.data?.items[0];
  return (
    <Drawer title={t('evidence.title', 'Evidence of a drill')} subtitle={operationId} size="md" onClose={onClose}>
      <div data-testid={drillTestIds.evidence} data-drill={operationId}>
        <QueryNotice
          error={found.error}
          title={t('evidence.failed', 'The drill could not be read')}
          onRetry={found.refetch}
          stale={drill !== undefined}
        />
        {found.isLoading && <LoadingRows rows={6} />}
        {found.data !== undefined && drill === undefined && (
          <NothingYet what={t('evidence.none', 'This operation has no evidence of a drill')} />
        )}
        {drill !== undefined && <Evidence drill={drill} />}
      </div>
    </Drawer>
  );
}

function Evidence({ drill }: { readonly drill: Drill }): React.JSX.Element {
  const { backupId, failure, operationId } = drill;
  return (
    <Stack direction="column" gap={2}>
      <Stack gap={1} alignItems="center" wrap="wrap">
        <PassedBadge passed={drill.passed} />
        <Time at={drill.startedAt} />
      </Stack>
      {failure !== null && (
        <Alert severity="error" title={failure.message}>
          {t('error.hint', 'What helps: {{hint}}.', { hint: failure.hint.replace(/\.$/, '') })}
        </Alert>
      )}
      <Facts rows={facts(drill)} />
      <Levels drill={drill} />
      <Phases drill={drill} />
      {/* A database is not compared file by file: its levels say what was looked at. */}
      {((drill.levels ?? []).length === 0 || drill.differences.length > 0) && <Differences drill={drill} />}
      <CheckOutput drill={drill} />
      <Stack gap={1} wrap="wrap">
        {backupId !== null && (
          <LinkButton variant="secondary" size="sm" href={pageUrl('backups', { backup: backupId })}>
            {t('evidence.backup', 'Open the backup')}
          </LinkButton>
        )}
        <LinkButton variant="secondary" size="sm" href={operationUrl(operationId)}>
          {t('evidence.operation', 'Open its steps')}
        </LinkButton>
        {(drill.qualityId ?? null) !== null && (
          <LinkButton variant="secondary" size="sm" href={pageUrl('quality', { service: drill.service })}>
            {t('evidence.quality', 'See the quality of its data')}
          </LinkButton>
        )}
      </Stack>
    </Stack>
  );
}

function facts(drill: Drill): readonly (readonly [string, React.ReactNode])[] {
  const { service, backupId, source, startedAt, endedAt, rtoSeconds, rpoSeconds, entriesCompared, bytesCompared } =
    drill;
  const took = (Date.parse(endedAt) - Date.parse(startedAt)) / 1000;
  return [
    [t('evidence.service', 'Service'), service],
    [t('evidence.source', 'Read from'), source],
    [t('evidence.of', 'Backup'), backupId ?? t('evidence.no-backup', 'none: it failed before')],
    [t('evidence.rto', 'Measured RTO'), measured(rtoSeconds)],
    [t('evidence.rpo', 'Measured RPO'), measured(rpoSeconds)],
    ...replayed(drill),
    [
      (drill.levels ?? []).length === 0 ? t('evidence.compared', 'Compared') : t('evidence.restored', 'Restored'),
      t('drills.compared', '{{entries}} entries, {{bytes}}', {
        entries: formatCount(entriesCompared),
        bytes: formatBytes(bytesCompared),
      }),
    ],
    [t('evidence.took', 'Took altogether'), formatDuration(took)],
  ];
}

/** How far the log was replayed, and what the restored data really reached. */
function replayed({ recoveryTarget, restoredTo }: Drill): readonly (readonly [string, React.ReactNode])[] {
  if ((recoveryTarget ?? null) === null) return [];
  return [
    [t('evidence.target', 'Replayed to'), recoveryTarget],
    [
      t('evidence.reached', 'Newest moment in the restored data'),
      <Time key="reached" at={restoredTo} absent={t('evidence.not-reached', 'none was found')} />,
    ],
  ];
}

function Differences({ drill }: { readonly drill: Drill }): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const { differences, entriesCompared } = drill;
  return (
    <div>
      <h3 className={styles.heading}>{t('evidence.differences', 'Differences')}</h3>
      {differences.length === 0 ? (
        <p className={styles.words}>
          {entriesCompared === 0
            ? t('evidence.nothing-compared', 'Nothing was compared.')
            : t('evidence.equal', 'None: every compared entry is equal.')}
        </p>
      ) : (
        <ul className={styles.list}>
          {differences.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

function CheckOutput({ drill }: { readonly drill: Drill }): React.JSX.Element | null {
  const styles = useStyles2(getStyles);
  if (drill.check === null) return null;
  const { exitCode, output } = drill.check;
  return (
    <div>
      <h3 className={styles.heading}>{t('evidence.check', 'Check command: exit code {{code}}', { code: exitCode })}</h3>
      <pre className={styles.output} tabIndex={0}>
        {output === '' ? t('evidence.no-output', 'no output to show') : output}
      </pre>
    </div>
  );
}

function getStyles(theme: GrafanaTheme2) {
  return {
    heading: css({ ...theme.typography.h5, margin: theme.spacing(0, 0, 0.5) }),
    words: css({ margin: 0, color: theme.colors.text.secondary }),
    list: css({ marginLeft: theme.spacing(2.5), overflowWrap: 'anywhere' }),
    output: css({ maxHeight: 320, overflow: 'auto', whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', margin: 0 }),
  };
}
