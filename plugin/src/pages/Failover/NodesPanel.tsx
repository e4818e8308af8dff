import type { NodeFacts } from '@genesis-dr/exporter/contract';
import { t } from '../../text.ts';
import { Text } from '@grafana/ui';
import type { Failover } from '../../api/failover.ts';
import { Panel } from '../../components/Panel.tsx';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { Time } from '../../components/Time.tsx';
import { DataTable, type Column } from '../../lib/DataTable.tsx';
import { hasLog, nodeVerdict } from '../../lib/failover-view.ts';
import { formatBytes, formatDuration, formatPercent } from '../../lib/format.ts';
import { LinkButtonText } from '../../lib/LinkButtonText.tsx';
import { NodeActions } from './NodeActions.tsx';
import { failoverTestIds } from './testIds.ts';
import { nodeHint, nodeWord } from './words.ts';

interface NodesPanelProps {
  readonly service: string;
  readonly facts: Failover;
  readonly onNode: (name: string) => void;
}

/** Every node with its health over the window of its policy. */
export function NodesPanel({ service, facts, onNode }: NodesPanelProps): React.JSX.Element {
  return (
    <Panel title={t('nodes.title', 'Nodes')} testId={failoverTestIds.nodes}>
      <DataTable
        label={t('nodes.table', 'Nodes')}
        columns={columnsOf(service, facts, onNode)}
        rows={facts.nodes}
        keyOf={({ name }) => name}
      />
    </Panel>
  );
}

function columnsOf(service: string, facts: Failover, onNode: (name: string) => void): readonly Column<NodeFacts>[] {
  return [
    {
      id: 'name',
      header: t('nodes.col-name', 'Node'),
      width: '13%',
      cell: ({ name, region }) => (
        <span data-testid={failoverTestIds.node(name)}>
          <LinkButtonText onClick={() => onNode(name)} below={region}>
            {name}
          </LinkButtonText>
        </span>
      ),
    },
    { id: 'state', header: t('nodes.col-state', 'State'), cell: (node) => <State node={node} facts={facts} /> },
    ...lagColumn(facts),
    { id: 'failures', header: t('nodes.col-failures', 'Failed in a row'), isNumber: true, cell: failuresText },
    { id: 'errors', header: t('nodes.col-errors', 'Failed of the window'), isNumber: true, cell: errorsText },
    { id: 'response', header: t('nodes.col-response', 'Response'), isNumber: true, cell: responseText },
    {
      id: 'answered',
      header: t('nodes.col-answered', 'Last answer'),
      cell: ({ health }) => <Time at={health.lastAnsweredAt} show="age" absent={t('nodes.never', 'none yet')} />,
    },
    {
      id: 'actions',
      header: t('nodes.col-actions', 'Take out, bring back'),
      cell: (node) => (
        <NodeActions
          service={service}
          node={node.name}
          isPrimary={facts.primary === node.name && facts.strategy === 'active_passive'}
          isFenced={node.fence !== null && node.fence.proof !== null}
        />
      ),
    },
  ];
}

function lagColumn(facts: Failover): readonly Column<NodeFacts>[] {
  if (!hasLog(facts)) return [];
  return [{ id: 'lag', header: t('nodes.col-lag', 'Behind by'), isNumber: true, cell: (node) => lagText(node, facts) }];
}

function State({ node, facts }: { readonly node: NodeFacts; readonly facts: Failover }): React.JSX.Element {
  const verdict = nodeVerdict(node, facts);
  const { tone, text } = nodeWord(verdict);
  const notes = [nodeHint(verdict), node.probe?.problem ?? null, ...limits(node)].filter((note) => note !== null);
  return (
    <span>
      <StatusBadge tone={tone} text={text} />{' '}
      {notes.length > 0 && (
        <Text variant="bodySmall" color="secondary">
          {notes.join(' · ')}
        </Text>
      )}
    </span>
  );
}

/** Why it would not be chosen, whatever its health. */
function limits({ candidate, busy }: NodeFacts): readonly string[] {
  return [
    ...(candidate ? [] : [t('nodes.no-candidate', 'never promoted (configured)')]),
    ...(busy === null ? [] : [t('nodes.busy', 'busy: {{what}}', { what: busy })]),
  ];
}

/** A primary is behind nobody: nothing is said, which is not 0. */
export function lagText({ name, lagBytes, probe }: NodeFacts, { primary }: Pick<Failover, 'primary'>): string {
  if (name === primary && probe?.role === 'primary') return t('nodes.no-lag', 'the primary itself');
  return lagBytes === null ? t('time.unknown', 'not known') : formatBytes(Math.max(0, lagBytes));
}

function failuresText({ health }: NodeFacts): string {
  return health.probes === 0 ? t('time.unknown', 'not known') : String(health.failuresInRow);
}

export function errorsText({ health }: NodeFacts): string {
  if (health.errorRatio === null) return t('time.unknown', 'not known');
  return t('nodes.errors', '{{share}} of {{number}}', {
    share: formatPercent(health.errorRatio, 0),
    number: health.probes,
  });
}

export function responseText({ health }: NodeFacts): string {
  return health.responseSeconds === null ? t('time.unknown', 'not known') : formatDuration(health.responseSeconds);
}
