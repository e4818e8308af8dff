import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '../../text.ts';
import { TextLink, useStyles2 } from '@grafana/ui';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { DataTable, type Column } from '../../lib/DataTable.tsx';
import { formatDuration, formatPercent } from '../../lib/format.ts';
import { budgetMinutes, isThin, verdictOf, type ServiceLevels as Group } from '../../lib/sla-view.ts';
import { serviceUrl } from '../index.ts';
import { BudgetBar } from './BudgetBar.tsx';
import { slaTestIds } from './testIds.ts';
import { inUnit, slaWord, verdictWord, type SlaItem } from './words.ts';

interface ServiceLevelsProps {
  readonly group: Group;
  /** False: the columns about 30 days would all say the same, so they are left out. */
  readonly hasHistory: boolean;
}

/** The service levels of one service. */
export function ServiceLevels({ group, hasHistory }: ServiceLevelsProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const { tone, text } = verdictWord(group.verdict);
  return (
    <section className={styles.card} aria-label={group.service} data-testid={slaTestIds.service(group.service)}>
      <div className={styles.head}>
        <h2 className={styles.heading}>
          <TextLink href={serviceUrl(group.service)} inline={false}>
            {group.service}
          </TextLink>
        </h2>
        <StatusBadge tone={tone} text={text} />
      </div>
      <DataTable
        label={t('sla.table', 'Service levels of {{service}}', { service: group.service })}
        columns={hasHistory ? [...presentColumns(), ...historyColumns()] : presentColumns()}
        rows={group.levels}
        keyOf={({ sla }) => sla}
      />
    </section>
  );
}

function presentColumns(): readonly Column<SlaItem>[] {
  return [
    {
      id: 'sla',
      header: t('sla.col-promise', 'Promise'),
      width: '30%',
      cell: ({ sla, target, unit }) => `${slaWord(sla)} ${inUnit(target, unit)}`,
    },
    {
      id: 'now',
      header: t('sla.col-now', 'Now'),
      width: '12%',
      cell: ({ current, unit }) => (current === null ? t('time.unknown', 'not known') : inUnit(current, unit)),
    },
    { id: 'state', header: t('sla.col-state', 'State'), width: '18%', cell: (item) => <State item={item} /> },
  ];
}

function State({ item }: { readonly item: SlaItem }): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const { tone, text } = verdictWord(verdictOf(item));
  return (
    <span>
      <StatusBadge tone={tone} text={text} />
      {item.reason !== null && <small className={styles.reason}>{item.reason}</small>}
    </span>
  );
}

function historyColumns(): readonly Column<SlaItem>[] {
  return [
    {
      id: 'compliance',
      header: t('sla.col-compliance', 'Kept over 30 days'),
      isNumber: true,
      cell: ({ compliance, objective }) => (
        <Ratio
          reading={compliance}
          note={t('sla.objective', 'objective {{ratio}}', { ratio: formatPercent(objective) })}
        />
      ),
    },
    {
      id: 'coverage',
      header: t('sla.col-coverage', 'Known of them'),
      isNumber: true,
      cell: ({ coverage }) => (
        <Ratio reading={coverage} note={isThin(coverage) ? t('sla.thin', 'too little to judge by') : null} />
      ),
    },
    {
      id: 'budget',
      header: t('sla.col-budget', 'Budget left'),
      cell: ({ budgetRemaining, objective }) => (
        <>
          <BudgetBar remaining={budgetRemaining.known ? budgetRemaining.value : null} />
          <Ratio
            reading={budgetRemaining}
            note={t('sla.budget-of', 'of {{time}}', { time: formatDuration(budgetMinutes(objective) * 60) })}
          />
        </>
      ),
    },
    { id: 'burn', header: t('sla.col-burn', 'Burn'), cell: ({ burn }) => <Burn burn={burn} /> },
  ];
}

function Ratio({
  reading,
  note,
}: {
  readonly reading: SlaItem['compliance'];
  readonly note: string | null;
}): React.JSX.Element {
  const styles = useStyles2(getStyles);
  return (
    <span title={reading.known ? undefined : reading.message}>
      {reading.known ? formatPercent(reading.value) : t('time.unknown', 'not known')}
      {note !== null && <small className={styles.reason}>{note}</small>}
    </span>
  );
}

/** How fast the budget is used: 1 would use it up in exactly 30 days. */
function Burn({ burn }: { readonly burn: SlaItem['burn'] }): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const known = burn.filter(({ rate }) => rate.known);
  if (known.length === 0)
    return (
      <span title={burn[0]?.rate.known === false ? burn[0].rate.message : undefined}>
        {t('time.unknown', 'not known')}
      </span>
    );
  return (
    <span className={styles.burn} title={t('sla.burn-title', '1 uses the budget up in exactly 30 days')}>
      {known.map(({ window, rate }) => (
        <span
          key={window}
        >{`${window}: ${rate.known ? `${(Math.round(rate.value * 100) / 100).toString()}×` : ''}`}</span>
      ))}
    </span>
  );
}

function getStyles(theme: GrafanaTheme2) {
  return {
    card: css({
      display: 'flex',
      flexDirection: 'column',
      gap: theme.spacing(1),
      padding: theme.spacing(2),
      minWidth: 0,
      background: theme.colors.background.secondary,
      borderRadius: theme.shape.radius.default,
    }),
    head: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(1, 2) }),
    heading: css({ ...theme.typography.h4, margin: 0, overflowWrap: 'anywhere' }),
    reason: css({ display: 'block', color: theme.colors.text.secondary, whiteSpace: 'normal' }),
    burn: css({ display: 'inline-flex', flexWrap: 'wrap', gap: theme.spacing(0, 1) }),
  };
}
