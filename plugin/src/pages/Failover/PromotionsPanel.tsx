import type { ProductPromotion } from '@genesis-dr/exporter/contract';
import { t } from '../../text.ts';
import { Text } from '@grafana/ui';
import { Panel } from '../../components/Panel.tsx';
import { DataTable, type Column } from '../../lib/DataTable.tsx';
import { Moment } from '../../lib/Moment.tsx';
import { failoverTestIds } from './testIds.ts';

/** What the product itself has written down: also what it did without Genesis, and whether planned or not it does not say. */
export function PromotionsPanel({
  promotions,
}: {
  readonly promotions: readonly ProductPromotion[] | null;
}): React.JSX.Element | null {
  if (promotions === null) return null;
  return (
    <Panel title={t('promotions.title', 'What the product has written down')} testId={failoverTestIds.promotions}>
      {promotions.length === 0 ? (
        <Text color="secondary">{t('promotions.none', 'No promotion since the cluster was set up.')}</Text>
      ) : (
        <DataTable
          label={t('promotions.table', 'Promotions, whoever asked for them')}
          columns={columnsOf()}
          rows={promotions}
          keyOf={({ timeline }) => String(timeline)}
        />
      )}
    </Panel>
  );
}

function columnsOf(): readonly Column<ProductPromotion>[] {
  const unknown = t('time.unknown', 'not known');
  return [
    {
      id: 'at',
      header: t('promotions.col-at', 'When'),
      cell: ({ at }) => (at === null ? unknown : <Moment at={at} />),
    },
    {
      id: 'what',
      header: t('promotions.col-what', 'Primary'),
      cell: ({ from, to }) => t('history.from-to', '{{from}} to {{to}}', { from: from ?? unknown, to: to ?? unknown }),
    },
    {
      id: 'timeline',
      header: t('promotions.col-timeline', 'Timeline'),
      isNumber: true,
      cell: ({ timeline }) => String(timeline),
    },
    { id: 'reason', header: t('history.col-reason', 'Reason'), cell: ({ reason }) => reason },
  ];
}
