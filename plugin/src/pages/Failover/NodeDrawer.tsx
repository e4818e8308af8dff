import type { NodeFacts, NodeProbe } from '@genesis-dr/exporter/contract';
import { t } from '../../text.ts';
import { Alert, Drawer, Stack, Text } from '@grafana/ui';
import type { Failover } from '../../api/failover.ts';
import { Facts } from '../../components/flow/PlanView.tsx';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { NothingYet } from '../../components/states.tsx';
import { Time } from '../../components/Time.tsx';
import { hasLog, nodeVerdict, serverOf } from '../../lib/failover-view.ts';
import { formatCount, formatDuration } from '../../lib/format.ts';
import { NodeActions } from './NodeActions.tsx';
import { errorsText, lagText, responseText } from './NodesPanel.tsx';
import { failoverTestIds } from './testIds.ts';
import { checkHint, nodeHint, nodeWord, proofWord, serverWord } from './words.ts';

interface NodeDrawerProps {
  readonly service: string;
  readonly name: string;
  readonly facts: Failover;
  readonly onClose: () => void;
}

type Rows = readonly (readonly [string, React.ReactNode])[];

/** Everything that is known of one node, and what is not. */
export function NodeDrawer({ service, name, facts, onClose }: NodeDrawerProps): React.JSX.Element {
  const node = facts.nodes.find((one) => one.name === name);
  return (
    <Drawer title={name} subtitle={service} size="md" onClose={onClose}>
      <div data-testid={failoverTestIds.drawer} data-node={name}>
        {node === undefined ? (
          <NothingYet what={t('node.gone', 'The service has no node of this name')} />
        ) : (
          <Details service={service} node={node} facts={facts} />
        )}
      </div>
    </Drawer>
  );
}

function Details({
  service,
  node,
  facts,
}: {
  readonly service: string;
  readonly node: NodeFacts;
  readonly facts: Failover;
}): React.JSX.Element {
  const verdict = nodeVerdict(node, facts);
  const { tone, text } = nodeWord(verdict);
  const hint = nodeHint(verdict);
  const rejected = facts.standing.rejected.find((one) => one.node === node.name);
  return (
    <Stack direction="column" gap={2}>
      <Stack direction="column" gap={0.5}>
        <div>
          <StatusBadge tone={tone} text={text} />
        </div>
        {hint !== null && <Text>{hint}</Text>}
        {node.probe !== null && node.probe.problem !== null && <Text>{node.probe.problem}</Text>}
      </Stack>
      {node.fence !== null && <FenceNotice fence={node.fence} />}
      {rejected !== undefined && (
        <Alert
          severity="info"
          title={t('node.rejected', 'It could not take over: {{reason}}', { reason: rejected.reason })}
        />
      )}
      <NodeActions
        service={service}
        node={node.name}
        isPrimary={facts.primary === node.name && facts.strategy === 'active_passive'}
        isFenced={node.fence !== null && node.fence.proof !== null}
      />
      <Section title={t('node.role', 'Its place')} rows={placeRows(node, facts)} />
      <Section title={t('node.health', 'Health over the window')} rows={healthRows(node)} />
      <Section
        title={t('node.probe', 'The newest probe')}
        rows={
          node.probe === null ? [[t('node.probe-none', 'Probe'), t('nodes.never', 'none yet')]] : probeRows(node.probe)
        }
      />
      <Vantages node={node.name} facts={facts} />
    </Stack>
  );
}

function Section({ title, rows }: { readonly title: string; readonly rows: Rows }): React.JSX.Element {
  return (
    <section aria-label={title}>
      <Stack direction="column" gap={1}>
        <Text element="h3" variant="h5">
          {title}
        </Text>
        <Facts rows={rows} minWidth={160} />
      </Stack>
    </section>
  );
}

function FenceNotice({ fence }: { readonly fence: NonNullable<NodeFacts['fence']> }): React.JSX.Element {
  const { proof, since, manual } = fence;
  return (
    <Alert
      severity={proof === null ? 'error' : 'warning'}
      title={
        proof === null
          ? t('node.fence-asked', 'A fence was asked for and is not proven')
          : t('node.fence-proven', 'Fenced: {{proof}}', { proof: proofWord(proof.method) })
      }
    >
      <span>
        {proof !== null && `${proof.detail}. `}
        {manual
          ? t('node.fence-manual', 'A person asked for it at')
          : t('node.fence-automatic', 'Genesis asked for it at')}{' '}
        <Time at={since} />. {t('node.fence-until', 'It stays out until it is brought back and looked at.')}
      </span>
    </Alert>
  );
}

function placeRows(node: NodeFacts, facts: Failover): Rows {
  const server = serverOf(facts, node.name);
  const unknown = t('time.unknown', 'not known');
  return [
    [t('node.region', 'Region'), node.region],
    [t('node.priority', 'Priority (lower first)'), String(node.priority)],
    [
      t('node.candidate', 'May be promoted'),
      node.candidate ? t('node.yes', 'yes') : t('node.never', 'never (configured)'),
    ],
    ...(hasLog(facts) ? logRows(node, facts) : []),
    [
      t('node.server', 'At the load balancer'),
      facts.balancer === null
        ? t('plan.no-balancer', 'none is set up')
        : server === null
          ? unknown
          : [serverWord(server.state), checkHint(server.check)].filter((part) => part !== null).join('; '),
    ],
    ...(node.busy === null ? [] : [[t('node.busy', 'Busy with'), node.busy] as const]),
  ];
}

function logRows(node: NodeFacts, facts: Failover): Rows {
  const isPrimary = node.probe?.role === 'primary';
  return [
    [t('node.lag', 'Behind by'), lagText(node, facts)],
    [
      t('node.upstream', 'Streams from'),
      node.probe?.upstream ?? (isPrimary ? t('node.upstream-none', 'nobody') : t('time.unknown', 'not known')),
    ],
  ];
}

function healthRows(node: NodeFacts): Rows {
  const { health } = node;
  const unknown = t('time.unknown', 'not known');
  const count = (value: number): string => (health.probes === 0 ? unknown : formatCount(value));
  return [
    [t('node.failures', 'Failures in a row'), count(health.failuresInRow)],
    [t('node.successes', 'Good ones in a row'), count(health.successesInRow)],
    [t('node.errors', 'Failed'), errorsText(node)],
    [t('node.response', 'Mean response'), responseText(node)],
    [
      t('node.answered', 'Last answer'),
      <Time key="at" at={health.lastAnsweredAt} absent={t('nodes.never', 'none yet')} />,
    ],
  ];
}

function probeRows(probe: NodeProbe): Rows {
  const unknown = t('time.unknown', 'not known');
  const bytes = (value: number | null): string => (value === null ? unknown : formatCount(value));
  const { writable, timeline, upstreamSilentSeconds, synchronousStandbys } = probe;
  return [
    [t('node.asked', 'Asked'), <Time key="at" at={probe.at} />],
    [t('node.took', 'Took'), formatDuration(probe.seconds)],
    [t('node.probe-role', 'Role'), probe.role ?? unknown],
    [
      t('node.writable', 'Takes writes'),
      writable === null ? unknown : writable ? t('node.yes', 'yes') : t('node.no', 'no'),
    ],
    [t('node.timeline', 'Timeline'), timeline === null ? unknown : String(timeline)],
    [t('node.received', 'Written or received (byte of the log)'), bytes(probe.receivedBytes)],
    [t('node.replayed', 'Replayed (byte of the log)'), bytes(probe.replayedBytes)],
    [
      t('node.heard', 'Heard from its upstream'),
      upstreamSilentSeconds === null
        ? unknown
        : t('node.heard-ago', '{{time}} before', { time: formatDuration(upstreamSilentSeconds) }),
    ],
    [
      t('node.sync', 'Commits wait for'),
      synchronousStandbys === null
        ? unknown
        : synchronousStandbys.length === 0
          ? t('node.sync-none', 'nobody: they may be lost')
          : synchronousStandbys.join(', '),
    ],
  ];
}

function Vantages({ node, facts }: { readonly node: string; readonly facts: Failover }): React.JSX.Element | null {
  const seen = facts.vantages.filter(({ about }) => about === node);
  if (seen.length === 0) return null;
  return (
    <Section
      title={t('node.vantages', 'As others see it')}
      rows={seen.map(({ from, detail, at }) => [
        from,
        <span key={from}>
          {detail} <Time at={at} show="age" />
        </span>,
      ])}
    />
  );
}
