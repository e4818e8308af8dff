import type { HealthCheckFacts, HealthFacts } from '@genesis-dr/exporter/contract';
import { t } from '../../text.ts';
import { HealthBadge, healthWord } from '../../components/health.tsx';
import { Panel } from '../../components/Panel.tsx';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { Time } from '../../components/Time.tsx';
import { DataTable, type Column } from '../../lib/DataTable.tsx';
import { formatCount, formatDuration } from '../../lib/format.ts';
import { healthTones, worstChecks } from '../../lib/health-view.ts';
import { serviceTestIds } from './testIds.ts';

/** The checks of a service: what each asks, what it saw last. */
export function HealthPanel({ health }: { readonly health: HealthFacts }): React.JSX.Element {
  return (
    <Panel
      title={t('health.title', 'Health checks')}
      aside={<HealthBadge health={health} />}
      testId={serviceTestIds.health}
    >
      <DataTable
        label={t('health.title', 'Health checks')}
        columns={columns()}
        rows={worstChecks(health)}
        keyOf={({ name }) => name}
      />
    </Panel>
  );
}

function columns(): readonly Column<HealthCheckFacts>[] {
  return [
    {
      id: 'name',
      header: t('health.col-name', 'Check'),
      cell: ({ name, kind, critical }) => (
        <span>
          {name}
          <small style={{ display: 'block' }}>
            {critical ? t('health.critical', '{{kind}}, critical', { kind }) : kind}
          </small>
        </span>
      ),
    },
    { id: 'state', header: t('health.col-state', 'State'), cell: (check) => <State check={check} /> },
    {
      id: 'response',
      header: t('health.col-response', 'Answered in'),
      isNumber: true,
      cell: ({ last }) => {
        if (last === null) return t('health.not-yet', 'not yet asked');
        return last.responseSeconds === null ? t('health.silent', 'no answer') : formatDuration(last.responseSeconds);
      },
    },
    {
      id: 'seen',
      header: t('health.col-seen', 'Seen'),
      width: '34%',
      cell: ({ last }) =>
        last === null ? null : (
          <span style={{ overflowWrap: 'anywhere' }}>
            {last.detail}
            <small style={{ display: 'block' }}>
              <Time at={last.at} show="age" />
            </small>
          </span>
        ),
    },
    {
      id: 'row',
      header: t('health.col-row', 'In a row'),
      isMinor: true,
      cell: ({ consecutiveFailures, consecutiveSuccesses }) =>
        consecutiveFailures > 0
          ? t('health.failures', '{{number}} failed', { number: formatCount(consecutiveFailures) })
          : t('health.successes', '{{number}} good', { number: formatCount(consecutiveSuccesses) }),
    },
  ];
}

function State({ check: { state, since } }: { readonly check: HealthCheckFacts }): React.JSX.Element {
  const known = state ?? 'unknown';
  return (
    <span>
      <StatusBadge tone={healthTones[known]} text={healthWord(known)} />{' '}
      {since !== null && (
        <small>
          {t('health.since', 'since')} <Time at={since} show="age" />
        </small>
      )}
    </span>
  );
}
