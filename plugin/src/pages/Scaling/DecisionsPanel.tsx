import { t } from '../../text.ts';
import { Button, Text } from '@grafana/ui';
import { useMemo, useState } from 'react';
import { Panel } from '../../components/Panel.tsx';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { DataTable, type Column } from '../../lib/DataTable.tsx';
import { Moment } from '../../lib/Moment.tsx';
import type { Decision } from '../../lib/scaling-api.ts';
import { moneyText, standingOf } from '../../lib/scaling-view.ts';
import { scalingTestIds } from './testIds.ts';
import { actionWord, standingTones } from './words.ts';

/** What fits a window; the rest is asked for. */
const firstShown = 20;

interface DecisionsPanelProps {
  readonly decisions: readonly Decision[];
  /** Null: no price is configured. */
  readonly currency: string | null;
}

/** Every decision, also those to stay: a run of the same one is told once, by its last. */
export function DecisionsPanel({ decisions, currency }: DecisionsPanelProps): React.JSX.Element {
  const columns = useMemo(() => columnsOf(currency), [currency]);
  const [most, setMost] = useState(firstShown);
  const older = decisions.length - most;
  return (
    <Panel title={t('scaling.decisions', 'What was decided')} testId={scalingTestIds.decisions}>
      {decisions.length === 0 ? (
        <Text color="secondary">{t('scaling.decisions-none', 'Nothing was decided yet.')}</Text>
      ) : (
        <DataTable
          label={t('scaling.decisions', 'What was decided')}
          columns={columns}
          rows={decisions.slice(0, most)}
          keyOf={({ at, action }) => `${at} ${action}`}
        />
      )}
      {older > 0 && (
        <div>
          <Button type="button" variant="secondary" size="sm" onClick={() => setMost(decisions.length)}>
            {t('scaling.decisions-older', 'Show {{number}} older ones', { number: older })}
          </Button>
        </div>
      )}
    </Panel>
  );
}

function columnsOf(currency: string | null): readonly Column<Decision>[] {
  return [
    { id: 'at', header: t('scaling.col-decided', 'Decided'), cell: ({ at }) => <Moment at={at} /> },
    { id: 'action', header: t('scaling.col-action', 'Action'), cell: (decision) => <Action decision={decision} /> },
    {
      id: 'number',
      header: t('scaling.col-number', 'Instances'),
      cell: ({ current, desired }) =>
        current === desired
          ? String(current)
          : t('set.from-to', 'from {{current}} to {{desired}}', { current, desired }),
    },
    {
      id: 'proposed',
      header: t('scaling.col-proposed', 'Metrics wanted'),
      isNumber: true,
      cell: ({ proposed }) => proposed ?? t('time.unknown', 'not known'),
    },
    {
      id: 'cost',
      header: t('scaling.col-cost', 'Cost an hour'),
      isNumber: true,
      isMinor: true,
      cell: ({ costPerHour }) => (costPerHour === null || currency === null ? '' : moneyText(costPerHour, currency)),
    },
    { id: 'reasons', header: t('scaling.col-reasons', 'Because'), cell: ({ reasons }) => <Lines lines={reasons} /> },
  ];
}

function Action({ decision }: { readonly decision: Decision }): React.JSX.Element {
  const tone = standingTones[standingOf({ decision, frozenSince: null })];
  const word = actionWord(decision.action);
  const isIdle = decision.action !== 'hold' && decision.action !== 'freeze' && !decision.act;
  return (
    <StatusBadge
      tone={tone}
      text={isIdle ? t('scaling.would-action', '{{action}} (not done)', { action: word }) : word}
    />
  );
}

function Lines({ lines }: { readonly lines: readonly string[] }): React.JSX.Element {
  return (
    <span>
      {lines.map((line) => (
        <span key={line} style={{ display: 'block' }}>
          {line}
        </span>
      ))}
    </span>
  );
}
