import { t } from '../../text.ts';
import { Alert, Stack } from '@grafana/ui';
import type { Failover } from '../../api/failover.ts';
import { RunningPart } from '../../components/flow/RunningPart.tsx';
import { Grid } from '../../components/Panel.tsx';
import { ReadOnlyHint } from '../../components/states.tsx';
import { isFailoverKind, nodeOf, writersTooMany } from '../../lib/failover-view.ts';
import { AnswerPanel } from './AnswerPanel.tsx';
import { AutomationPanel } from './AutomationPanel.tsx';
import { BreakersPanel, VantagesPanel } from './Around.tsx';
import { HistoryPanel } from './HistoryPanel.tsx';
import { NodesPanel } from './NodesPanel.tsx';
import { PromotionsPanel } from './PromotionsPanel.tsx';
import { failoverTestIds } from './testIds.ts';
import { TopologyPanel } from './TopologyPanel.tsx';

interface ServiceViewProps {
  readonly service: string;
  readonly facts: Failover;
  readonly onNode: (name: string) => void;
  readonly onOperation: (id: string) => void;
}

/** One service: the answer and the buttons first, then what runs, then what they rest on. */
export function ServiceView({ service, facts, onNode, onOperation }: ServiceViewProps): React.JSX.Element {
  return (
    <Stack direction="column" gap={2}>
      <WritersAlert facts={facts} />
      <Grid minWidth={520}>
        <Stack direction="column" gap={2}>
          <AnswerPanel service={service} facts={facts}>
            <RunningPart service={service} shows={isFailoverKind} subjectOf={nodeOf} testId={failoverTestIds.running} />
          </AnswerPanel>
          <ReadOnlyHint needs="admin" what={t('failover.read-only', 'You can look; moving the service is not yours')} />
        </Stack>
        <Stack direction="column" gap={2}>
          <AutomationPanel service={service} facts={facts} />
          <WarningsAlert warnings={facts.warnings} />
        </Stack>
      </Grid>
      <TopologyPanel facts={facts} onNode={onNode} />
      <NodesPanel service={service} facts={facts} onNode={onNode} />
      <VantagesPanel vantages={facts.vantages} />
      <HistoryPanel history={facts.history} onOperation={onOperation} />
      <PromotionsPanel promotions={facts.promotions} />
      <BreakersPanel breakers={facts.breakers} />
    </Stack>
  );
}

/** Nothing on this page is worse. */
function WritersAlert({ facts }: { readonly facts: Failover }): React.JSX.Element | null {
  const writers = writersTooMany(facts);
  if (writers.length === 0) return null;
  return (
    <div data-testid={failoverTestIds.writers} role="alert">
      <Alert
        severity="error"
        bottomSpacing={0}
        title={t('failover.writers', 'More than one node takes writes: {{nodes}}', { nodes: writers.join(', ') })}
      >
        {t(
          'failover.writers-mend',
          'What is written to the wrong one is lost or has to be merged by hand. Fence the one that is not the rightful primary.',
        )}
      </Alert>
    </div>
  );
}

function WarningsAlert({ warnings }: { readonly warnings: readonly string[] }): React.JSX.Element | null {
  if (warnings.length === 0) return null;
  return (
    <div data-testid={failoverTestIds.warnings}>
      <Alert severity="warning" bottomSpacing={0} title={t('failover.warnings', 'What puts a failover at risk')}>
        <ul style={{ marginLeft: 16, overflowWrap: 'anywhere' }}>
          {warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      </Alert>
    </div>
  );
}
