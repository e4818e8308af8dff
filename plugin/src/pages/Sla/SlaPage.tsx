import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '../../text.ts';
import { Alert, Stack, useStyles2 } from '@grafana/ui';
import { useApiQuery } from '../../api/hooks.ts';
import type { Query, Reply } from '../../api/types.ts';
import { PageFrame } from '../../components/PageFrame.tsx';
import { LoadingRows, NoMatch, NotConfigured } from '../../components/states.tsx';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { Time } from '../../components/Time.tsx';
import { Choice } from '../../lib/Choice.tsx';
import { countVerdicts, groupByService } from '../../lib/sla-view.ts';
import { textParam } from '../../lib/url-state.ts';
import { usePageState } from '../../lib/use-page-state.ts';
import { QueryNotice } from '../../lib/QueryNotice.tsx';
import { ServiceLevels } from './ServiceLevels.tsx';
import { slaTestIds } from './testIds.ts';
import { verdictWord } from './words.ts';

const slaParams = { service: textParam(63) } as const;

/** What is promised, whether it holds now, and how it was over 30 days. */
export function SlaPage(): React.JSX.Element {
  const [state, setState] = usePageState(slaParams);
  const services = useApiQuery('listServices', {}, { refreshMs: false });
  const query: Query<'sla'> = state.service === '' ? {} : { service: state.service };
  const sla = useApiQuery('sla', { query });
  const { data, error } = sla;
  return (
    <PageFrame
      id="sla"
      title={t('sla.title', 'Service levels')}
      subTitle={t('sla.subtitle', 'What is promised, whether it holds now, and how it was over 30 days')}
      updatedAt={sla.updatedAt}
      isFetching={sla.isFetching}
    >
      <Choice
        label={t('sla.service', 'Service')}
        any={t('sla.any-service', 'All services')}
        options={(services.data?.items ?? []).map(({ name }) => ({ value: name, label: name }))}
        value={state.service}
        onChoose={(service) => setState({ service })}
        width={28}
      />
      <QueryNotice
        error={error}
        title={t('sla.failed', 'The service levels could not be read')}
        onRetry={sla.refetch}
        stale={data !== undefined}
      />
      {sla.isLoading && <LoadingRows rows={3} height={160} />}
      {data !== undefined && (
        <Report report={data} filtered={state.service !== ''} onClear={() => setState({ service: '' })} />
      )}
    </PageFrame>
  );
}

interface ReportProps {
  readonly report: Reply<'sla'>;
  readonly filtered: boolean;
  readonly onClear: () => void;
}

function Report({ report, filtered, onClear }: ReportProps): React.JSX.Element {
  const { items, at } = report;
  if (items.length === 0)
    return filtered ? (
      <NoMatch what={t('sla.no-match', 'No such service has service levels')} onClear={onClear} />
    ) : (
      <NotConfigured what={t('sla.not-configured', 'No service is configured')} />
    );
  const counts = countVerdicts(items);
  return (
    <Stack direction="column" gap={2}>
      <Stack gap={1} wrap="wrap" alignItems="center">
        {(['broken', 'budget_spent', 'unknown', 'kept'] as const)
          .filter((verdict) => counts[verdict] > 0)
          .map((verdict) => {
            const { tone, text } = verdictWord(verdict);
            return <StatusBadge key={verdict} tone={tone} text={`${counts[verdict]} ${text}`} />;
          })}
        <span>
          {t('sla.read-at', 'Values of')} <Time at={at} />
        </span>
      </Stack>
      <HistoryNotice history={report.history} items={items} />
      {groupByService(items).map((group) => (
        <ServiceLevels key={group.service} group={group} hasHistory={report.history.available} />
      ))}
    </Stack>
  );
}

/** Present values need no Prometheus; everything about 30 days does. Says which of its faults it is. */
function HistoryNotice({ history, items }: Pick<Reply<'sla'>, 'history' | 'items'>): React.JSX.Element | null {
  const styles = useStyles2(getStyles);
  if (history.available) return null;
  const isUnset = items.some(({ compliance }) => !compliance.known && compliance.reason === 'not_configured');
  return (
    <div data-testid={slaTestIds.history} data-reason={isUnset ? 'not_configured' : 'failed'}>
      <Alert
        severity={isUnset ? 'info' : 'warning'}
        title={
          isUnset
            ? t('sla.no-prometheus', 'Prometheus is not configured: nothing is known of the last 30 days')
            : t('sla.history-failed', 'Prometheus told nothing of the last 30 days')
        }
      >
        {!isUnset && history.unknown !== null && <p className={styles.why}>{history.unknown}</p>}
        {isUnset
          ? t(
              'sla.no-prometheus-hint',
              'What helps: set prometheus.url in genesis.yaml, and let that Prometheus load the generated rules. The values of this moment need neither.',
            )
          : t(
              'sla.history-hint',
              'What helps: see that Prometheus answers and has the generated rules. The values of this moment do not depend on it.',
            )}
      </Alert>
    </div>
  );
}

function getStyles(theme: GrafanaTheme2) {
  return { why: css({ marginBottom: theme.spacing(0.5), overflowWrap: 'anywhere' }) };
}
