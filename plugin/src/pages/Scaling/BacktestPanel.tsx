import { t } from '../../text.ts';
import { Button, Checkbox, Stack, Text } from '@grafana/ui';
import { useState } from 'react';
import { Panel } from '../../components/Panel.tsx';
import { ErrorNotice, ReadOnlyHint } from '../../components/states.tsx';
import { useNow } from '../../components/useNow.ts';
import { PermittedButton } from '../../lib/DialogButton.tsx';
import { formatDuration } from '../../lib/format.ts';
import type { BacktestRunning, Scaling } from '../../lib/scaling-api.ts';
import { lastWeek, rangeFault, type RangeFault } from '../../lib/scaling-backtest.ts';
import { TimeField } from '../../lib/TimeField.tsx';
import { BacktestResult } from './BacktestResult.tsx';
import type { OnState, ScalingState } from './ScalingPage.tsx';
import { scalingTestIds } from './testIds.ts';

interface BacktestPanelProps {
  readonly facts: Scaling;
  /** The policy that was written on the tab Policy and is not saved; null: none. */
  readonly draft: string | null;
  readonly backtest: BacktestRunning;
  readonly state: ScalingState;
  readonly onState: OnState;
}

/** What a policy would have done on real history, beside the one that holds and the algorithm of Kubernetes. */
export function BacktestPanel({ facts, draft, backtest, state, onState }: BacktestPanelProps): React.JSX.Element {
  const now = useNow(60_000);
  const [opened] = useState(() => lastWeek(now));
  const [withDraft, setWithDraft] = useState(true);
  const { run, cancel } = backtest;
  const [from, to] = [state.from === '' ? opened.from : state.from, state.to === '' ? opened.to : state.to];
  const fault = rangeFault(from, to, now + 60_000);
  const isTried = draft !== null && withDraft;
  return (
    <Panel title={t('backtest.title', 'Try it on history')} testId={scalingTestIds.backtest}>
      <Text color="secondary">
        {t(
          'backtest.what',
          'Replays what was measured through the same decisions, for the policy that holds, for one that you write on the tab Policy, and for the algorithm of Kubernetes. Nothing is changed.',
        )}
      </Text>
      <Stack gap={2} wrap="wrap" alignItems="end">
        <TimeField
          label={t('backtest.from', 'From (local time)')}
          value={from}
          onChange={(value) => onState({ from: value })}
        />
        <TimeField
          label={t('backtest.to', 'To (local time)')}
          value={to}
          onChange={(value) => onState({ to: value })}
        />
      </Stack>
      {fault !== null && <Text color="warning">{faultWord(fault)}</Text>}
      <DraftChoice hasDraft={draft !== null} value={withDraft} onChange={setWithDraft} />
      <Stack gap={1} wrap="wrap">
        <PermittedButton
          needs="operate"
          variant="primary"
          icon="play"
          disabledBecause={
            run.isPending
              ? t('backtest.running', 'It runs already')
              : fault === null
                ? null
                : t('backtest.no-range', 'The times do not fit')
          }
          testId={scalingTestIds.backtestRun}
          onClick={() => run.mutate({ from, to, ...(isTried ? { policy: draft } : {}) })}
        >
          {t('backtest.run', 'Run the backtest')}
        </PermittedButton>
        {run.isPending && (
          <Button type="button" variant="secondary" onClick={cancel} data-testid={scalingTestIds.backtestCancel}>
            {t('backtest.cancel', 'Give it up')}
          </Button>
        )}
      </Stack>
      <ReadOnlyHint needs="operate" what={t('backtest.read-only', 'Running a backtest is not yours')} />
      <Outcome
        run={run}
        facts={facts}
        onFrom={(begin) => {
          onState({ from: begin });
          run.reset();
        }}
      />
    </Panel>
  );
}

interface DraftChoiceProps {
  readonly hasDraft: boolean;
  readonly value: boolean;
  readonly onChange: (value: boolean) => void;
}

function DraftChoice({ hasDraft, value, onChange }: DraftChoiceProps): React.JSX.Element {
  if (!hasDraft)
    return (
      <Text color="secondary">
        {t('backtest.no-draft', 'No other policy is written: only the one that holds is tried.')}
      </Text>
    );
  return (
    <div>
      <Checkbox
        label={t('backtest.with-draft', 'Also try the policy that I wrote on the tab Policy')}
        value={value}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
    </div>
  );
}

interface OutcomeProps {
  readonly run: BacktestRunning['run'];
  readonly facts: Scaling;
  readonly onFrom: (from: string) => void;
}

function Outcome({ run, facts, onFrom }: OutcomeProps): React.JSX.Element | null {
  if (run.isPending) return <Progress sinceMs={run.submittedAt} />;
  if (run.error !== null)
    return <ErrorNotice error={run.error} title={t('backtest.failed', 'The history could not be replayed')} />;
  if (run.data === null) return <Text>{t('backtest.given-up', 'It was given up; nothing was changed.')}</Text>;
  return run.data === undefined ? null : <BacktestResult backtest={run.data} facts={facts} onFrom={onFrom} />;
}

/** The exporter does not tell how far it is: what is shown is that it goes on, and for how long it has. */
function Progress({ sinceMs }: { readonly sinceMs: number }): React.JSX.Element {
  const now = useNow();
  return (
    <div data-testid={scalingTestIds.backtestProgress} role="status">
      <progress
        aria-label={t('backtest.progress', 'The backtest runs')}
        style={{ width: '100%', maxWidth: 320, display: 'block' }}
      />
      <Text color="secondary">
        {t('backtest.progress-time', 'Reads the history and replays it: {{time}} so far', {
          time: formatDuration(Math.max(0, Math.floor((now - sinceMs) / 1000))),
        })}
      </Text>
    </div>
  );
}

function faultWord(fault: RangeFault): string {
  switch (fault) {
    case 'order':
      return t('backtest.fault-order', 'It ends before it begins.');
    case 'short':
      return t('backtest.fault-short', 'Less than an hour tells nothing.');
    case 'long':
      return t('backtest.fault-long', 'At most 60 days are replayed at once.');
    default:
      return t('backtest.fault-future', 'It ends in the future, of which there is no history.');
  }
}
