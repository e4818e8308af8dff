import type { BreakerFacts, Vantage } from '@genesis-dr/exporter/contract';
import { t } from '../../text.ts';
import { Text } from '@grafana/ui';
import { Panel } from '../../components/Panel.tsx';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { Time } from '../../components/Time.tsx';
import { DataTable, type Column } from '../../lib/DataTable.tsx';
import { formatCount } from '../../lib/format.ts';
import { failoverTestIds } from './testIds.ts';
import { breakerWord } from './words.ts';

/** What others see of the nodes: one place's silence is not yet a loss. */
export function VantagesPanel({ vantages }: { readonly vantages: readonly Vantage[] }): React.JSX.Element {
  return (
    <Panel title={t('vantages.title', 'As others see it')} testId={failoverTestIds.vantages}>
      {vantages.length === 0 ? (
        <Text color="secondary">
          {t('vantages.none', 'Nobody else looks at these nodes: what this exporter cannot reach may still be there.')}
        </Text>
      ) : (
        <DataTable
          label={t('vantages.table', 'What others see')}
          columns={vantageColumns()}
          rows={vantages}
          keyOf={({ from, about }) => `${from} ${about}`}
        />
      )}
    </Panel>
  );
}

function vantageColumns(): readonly Column<Vantage>[] {
  return [
    { id: 'from', header: t('vantages.col-from', 'Who looks'), cell: ({ from }) => from },
    { id: 'about', header: t('vantages.col-about', 'At'), cell: ({ about }) => about },
    { id: 'alive', header: t('vantages.col-alive', 'Sees'), cell: ({ alive }) => <Alive alive={alive} /> },
    { id: 'detail', header: t('vantages.col-detail', 'Because'), cell: ({ detail }) => detail },
    { id: 'at', header: t('vantages.col-at', 'When'), cell: ({ at }) => <Time at={at} show="age" /> },
  ];
}

function Alive({ alive }: { readonly alive: boolean | null }): React.JSX.Element {
  if (alive === null) return <StatusBadge tone="unknown" text={t('vantages.says-nothing', 'Does not say')} />;
  return alive ? (
    <StatusBadge tone="good" text={t('vantages.alive', 'Alive')} />
  ) : (
    <StatusBadge tone="bad" text={t('vantages.gone', 'Gone')} />
  );
}

/** Whether calls for this service go through. A fence is never held back by them. */
export function BreakersPanel({ breakers }: { readonly breakers: readonly BreakerFacts[] }): React.JSX.Element | null {
  if (breakers.length === 0) return null;
  return (
    <Panel title={t('breakers.title', 'Circuit breakers')} testId={failoverTestIds.breakers}>
      <DataTable
        label={t('breakers.table', 'Circuit breakers')}
        columns={breakerColumns()}
        rows={breakers}
        keyOf={({ name }) => name}
      />
    </Panel>
  );
}

function breakerColumns(): readonly Column<BreakerFacts>[] {
  return [
    { id: 'name', header: t('breakers.col-name', 'Of'), cell: ({ name }) => name },
    {
      id: 'state',
      header: t('breakers.col-state', 'State'),
      cell: ({ state }) => {
        const { tone, text } = breakerWord(state);
        return <StatusBadge tone={tone} text={text} />;
      },
    },
    {
      id: 'failures',
      header: t('breakers.col-failures', 'Failures counted'),
      isNumber: true,
      cell: ({ failureCount }) => formatCount(failureCount),
    },
    {
      id: 'last',
      header: t('breakers.col-last', 'Last failure'),
      cell: ({ lastFailureAt }) => <Time at={lastFailureAt} show="age" absent={t('breakers.never', 'none')} />,
    },
    {
      id: 'next',
      header: t('breakers.col-next', 'Tried again'),
      cell: ({ state, nextAttemptAt }) => (state === 'closed' ? '' : <Time at={nextAttemptAt} show="age" />),
    },
  ];
}
