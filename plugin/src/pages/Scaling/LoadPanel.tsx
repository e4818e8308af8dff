import { t } from '../../text.ts';
import { RadioButtonGroup, Text } from '@grafana/ui';
import { Panel } from '../../components/Panel.tsx';
import { LoadingRows, NothingYet } from '../../components/states.tsx';
import { useNow } from '../../components/useNow.ts';
import { QueryNotice } from '../../lib/QueryNotice.tsx';
import { useScalingHistory, useScalingLoad, type Scaling } from '../../lib/scaling-api.ts';
import { scalingRanges, type ScalingRange } from '../../lib/scaling-view.ts';
import { LoadChart } from './LoadChart.tsx';
import { scalingTestIds } from './testIds.ts';
import { rangeWord } from './words.ts';

interface LoadPanelProps {
  readonly service: string;
  readonly facts: Scaling;
  readonly range: ScalingRange;
  readonly onRange: (range: ScalingRange) => void;
}

/** Load with its forecast, instances and what was done, on one axis of time. */
export function LoadPanel({ service, facts, range, onRange }: LoadPanelProps): React.JSX.Element {
  const hours = Number(range);
  const load = useScalingLoad(service, hours);
  const history = useScalingHistory(service, hours);
  // The drawing moves on with its data, not with every second.
  const now = useNow(30_000);
  return (
    <Panel
      title={t('load.title', 'Load and instances')}
      aside={<RangeChoice range={range} onRange={onRange} />}
      testId={scalingTestIds.load}
    >
      <QueryNotice
        error={load.error}
        title={t('load.failed', 'The load of {{service}} could not be read', { service })}
        onRetry={load.refetch}
        stale={load.data !== undefined}
      />
      {load.isLoading && <LoadingRows rows={1} height={320} />}
      {load.data !== undefined && load.data.problem !== null && (
        <Text color="warning">
          {t('load.problem', 'Values are missing: {{problem}}', { problem: load.data.problem })}
        </Text>
      )}
      {load.data !== undefined && load.data.points.length === 0 ? (
        <NothingYet what={t('load.none', 'Nothing was measured in this time')} />
      ) : (
        load.data !== undefined && (
          <LoadChart
            load={load.data}
            metric={facts.metrics.find(({ name }) => name === load.data?.metric)}
            facts={facts}
            records={history.data?.items ?? facts.history}
            hours={hours}
            nowMs={Math.max(now, load.updatedAt ?? 0)}
          />
        )
      )}
    </Panel>
  );
}

export function RangeChoice({ range, onRange }: Pick<LoadPanelProps, 'range' | 'onRange'>): React.JSX.Element {
  return (
    <RadioButtonGroup<ScalingRange>
      aria-label={t('load.range', 'How far back')}
      size="sm"
      options={scalingRanges.map((value) => ({ value, label: rangeWord(Number(value)) }))}
      value={range}
      onChange={onRange}
    />
  );
}
