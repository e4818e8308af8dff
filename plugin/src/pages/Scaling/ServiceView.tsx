import { t } from '../../text.ts';
import { Stack, Tab, TabsBar } from '@grafana/ui';
import { useCallback, useState } from 'react';
import { RunningPart } from '../../components/flow/RunningPart.tsx';
import { Grid } from '../../components/Panel.tsx';
import { ReadOnlyHint } from '../../components/states.tsx';
import { useBacktest, usePreview, type Scaling } from '../../lib/scaling-api.ts';
import { isScalingKind, scalingTabs, type ScalingTab } from '../../lib/scaling-view.ts';
import { BacktestPanel } from './BacktestPanel.tsx';
import { Banners } from './Banners.tsx';
import { CountPanel } from './CountPanel.tsx';
import { DecisionPanel } from './DecisionPanel.tsx';
import { DecisionsPanel } from './DecisionsPanel.tsx';
import { ForecastPanel } from './ForecastPanel.tsx';
import { HistoryPanel } from './HistoryPanel.tsx';
import { InstancesPanel } from './InstancesPanel.tsx';
import { LoadPanel } from './LoadPanel.tsx';
import { PolicyPanel } from './PolicyPanel.tsx';
import type { OnState, ScalingState } from './ScalingPage.tsx';
import { scalingTestIds } from './testIds.ts';
import { VotesPanel } from './VotesPanel.tsx';

interface ServiceViewProps {
  readonly service: string;
  readonly facts: Scaling;
  /** The policy that holds, as YAML. */
  readonly policy: string;
  readonly state: ScalingState;
  readonly onState: OnState;
}

/** One service: what changes the reading of everything first, then the four parts of the page. */
export function ServiceView({ service, facts, policy, state, onState }: ServiceViewProps): React.JSX.Element {
  // A policy that is being written is tried on history before it is saved: both parts share the text.
  const [draft, setDraft] = useState<string | null>(null);
  // What was found out about it stays while one looks at another tab.
  const preview = usePreview(service);
  const backtest = useBacktest(service);
  const onOperation = useCallback((operation: string) => onState({ operation }, { push: true }), [onState]);
  return (
    <Stack direction="column" gap={2}>
      <Banners facts={facts} />
      <TabsBar>
        {scalingTabs.map((tab) => (
          <Tab
            key={tab}
            label={tabWord(tab)}
            active={state.tab === tab}
            onChangeTab={() => onState({ tab }, { push: true })}
          />
        ))}
      </TabsBar>
      {state.tab === 'now' && <Now service={service} facts={facts} state={state} onState={onState} />}
      {state.tab === 'history' && (
        <>
          <HistoryPanel
            service={service}
            facts={facts}
            range={state.range}
            onRange={(range) => onState({ range })}
            onOperation={onOperation}
          />
          <DecisionsPanel decisions={facts.decisions} currency={facts.cost?.currency ?? null} />
        </>
      )}
      {state.tab === 'policy' && (
        <PolicyPanel
          service={service}
          facts={facts}
          policy={policy}
          draft={draft}
          onDraft={setDraft}
          preview={preview}
        />
      )}
      {state.tab === 'backtest' && (
        <BacktestPanel facts={facts} draft={draft} backtest={backtest} state={state} onState={onState} />
      )}
    </Stack>
  );
}

function tabWord(tab: ScalingTab): string {
  switch (tab) {
    case 'history':
      return t('scaling.tab-history', 'History');
    case 'policy':
      return t('scaling.tab-policy', 'Policy');
    case 'backtest':
      return t('scaling.tab-backtest', 'Backtest');
    default:
      return t('scaling.tab-now', 'Now');
  }
}

function Now({ service, facts, state, onState }: Omit<ServiceViewProps, 'policy'>): React.JSX.Element {
  return (
    <>
      <Grid minWidth={480}>
        <Stack direction="column" gap={1}>
          <CountPanel service={service} facts={facts}>
            <RunningPart service={service} shows={isScalingKind} testId={scalingTestIds.running} />
          </CountPanel>
          <ReadOnlyHint
            needs="operate"
            what={t('scaling.read-only', 'You can look; changing the number is not yours')}
          />
        </Stack>
        <DecisionPanel service={service} facts={facts} />
      </Grid>
      <LoadPanel service={service} facts={facts} range={state.range} onRange={(range) => onState({ range })} />
      <VotesPanel facts={facts} />
      <InstancesPanel facts={facts} />
      <ForecastPanel facts={facts} />
    </>
  );
}
