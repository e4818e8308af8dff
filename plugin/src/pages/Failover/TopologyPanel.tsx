import { css, cx } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import type { NodeFacts } from '@genesis-dr/exporter/contract';
import { t } from '../../text.ts';
import { Icon, Text, useStyles2 } from '@grafana/ui';
import { useEffect, useId, useRef, useState } from 'react';
import type { Failover } from '../../api/failover.ts';
import { Panel } from '../../components/Panel.tsx';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { hasLog, nodeVerdict, serverOf, topologyOf } from '../../lib/failover-view.ts';
import { formatBytes } from '../../lib/format.ts';
import { LinkButtonText } from '../../lib/LinkButtonText.tsx';
import { layoutTopology, type Arrow, type Box } from '../../lib/topology.ts';
import { failoverTestIds } from './testIds.ts';
import { nodeWord, serverWord } from './words.ts';

interface TopologyProps {
  readonly facts: Failover;
  readonly onNode: (name: string) => void;
}

/** Before the first measurement, and where nothing can be measured. */
const assumedWidth = 720;

/** Nodes as boxes; arrows show who streams from whom, and where clients are led. */
export function TopologyPanel({ facts, onNode }: TopologyProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const [width, measured] = useWidth();
  const { boxes, arrows, height } = layoutTopology(topologyOf(facts), width);
  return (
    <Panel
      title={
        hasLog(facts) ? t('topology.title', 'Who streams from whom') : t('topology.title-all', 'Where clients are led')
      }
      testId={failoverTestIds.topology}
    >
      <div ref={measured} className={styles.drawing} style={{ height }}>
        <Arrows arrows={arrows} facts={facts} width={width} height={height} />
        <ul className={styles.boxes}>
          {boxes.map((box) => (
            <li
              key={box.node ?? ''}
              className={cx(styles.box, isServing(box, facts) && styles.primary)}
              style={{ left: box.x, top: box.y, width: box.width, height: box.height }}
            >
              <BoxContent box={box} facts={facts} onNode={onNode} />
            </li>
          ))}
        </ul>
      </div>
      <BalancerProblem facts={facts} />
    </Panel>
  );
}

/** A primary that is silent or fenced keeps its name in the facts, and gets no frame of one that serves. */
function isServing({ node: name }: Box, facts: Failover): boolean {
  const node = facts.nodes.find((one) => one.name === name);
  return node !== undefined && nodeVerdict(node, facts) === 'primary';
}

/** Width of an element, followed while it is there. */
function useWidth() {
  const [width, setWidth] = useState(assumedWidth);
  const measured = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (measured.current === null) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      // Half a pixel more or less is no reason to draw anew.
      if (entry !== undefined && entry.contentRect.width > 0) setWidth(Math.floor(entry.contentRect.width));
    });
    observer.observe(measured.current);
    return () => observer.disconnect();
  }, []);
  return [width, measured] as const;
}

interface ArrowsProps {
  readonly arrows: readonly Arrow[];
  readonly facts: Failover;
  readonly width: number;
  readonly height: number;
}

/** The boxes say the same in words, so the lines are left out for assistive technology. */
function Arrows({ arrows, facts, width, height }: ArrowsProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const head = useId();
  return (
    <svg className={styles.arrows} width={width} height={height} aria-hidden>
      <defs>
        <marker
          id={head}
          viewBox="0 0 8 8"
          refX={7}
          refY={4}
          markerWidth={10}
          markerHeight={10}
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path d="M 0 0 L 8 4 L 0 8 z" className={styles.head} />
        </marker>
      </defs>
      {arrows.map(({ from, to, path }) => (
        <path
          key={`${from ?? ''} ${to}`}
          d={path}
          markerEnd={`url(#${head})`}
          className={cx(styles.arrow, from === null && styles.leads, !flows(facts, from, to) && styles.broken)}
        />
      ))}
    </svg>
  );
}

/** Both ends answer and the standby still hears from its upstream. What a balancer leads to was just reached. */
function flows({ nodes }: Failover, from: string | null, to: string): boolean {
  const answers = (name: string): boolean => nodes.find((node) => node.name === name)?.probe?.reach === 'answered';
  if (from === null) return answers(to);
  const standby = nodes.find((node) => node.name === to);
  return answers(from) && answers(to) && standby?.probe?.upstreamSilentSeconds !== null;
}

function BoxContent({ box, facts, onNode }: TopologyProps & { readonly box: Box }): React.JSX.Element | null {
  if (box.node === null) return <BalancerBox facts={facts} />;
  const node = facts.nodes.find(({ name }) => name === box.node);
  return node === undefined ? null : <NodeBox node={node} facts={facts} onNode={onNode} />;
}

function NodeBox({ node, facts, onNode }: TopologyProps & { readonly node: NodeFacts }): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const word = nodeWord(nodeVerdict(node, facts));
  const lines = [hasLog(facts) ? followsText(node) : null, balancerText(facts, node.name)].filter(
    (line) => line !== null,
  );
  return (
    <>
      <div className={styles.name}>
        <LinkButtonText onClick={() => onNode(node.name)}>{node.name}</LinkButtonText>
        <span className={styles.minor}>{node.region}</span>
      </div>
      <StatusBadge tone={word.tone} text={word.text} />
      {lines.map((line) => (
        <div key={line} className={styles.line} title={line}>
          {line}
        </div>
      ))}
    </>
  );
}

function followsText({ probe, lagBytes }: NodeFacts): string | null {
  if (probe === null || probe.reach !== 'answered') return t('topology.no-answer', 'what it holds is not known');
  if (probe.role === 'primary') return null;
  const lag =
    lagBytes === null
      ? t('topology.lag-unknown', 'how far behind is not known')
      : t('topology.lag', '{{lag}} behind', { lag: formatBytes(Math.max(0, lagBytes)) });
  if (probe.role !== 'standby') return null;
  return probe.upstream === null
    ? t('topology.no-upstream', 'follows nobody, or nobody knows whom; {{lag}}', { lag })
    : t('topology.follows', 'from {{upstream}}, {{lag}}', { upstream: probe.upstream, lag });
}

function balancerText(facts: Failover, name: string): string | null {
  const { balancer } = facts;
  if (balancer === null || (balancer.known && balancer.value.kind === 'address')) return null;
  const server = serverOf(facts, name);
  if (server === null) return t('topology.server-unknown', 'balancer: not known');
  const sessions =
    server.sessions === null ? '' : t('topology.sessions', ', {{number}} sessions', { number: server.sessions });
  return t('topology.server', 'balancer: {{state}}{{sessions}}', { state: serverWord(server.state), sessions });
}

function BalancerBox({ facts }: { readonly facts: Failover }): React.JSX.Element | null {
  const styles = useStyles2(getStyles);
  const { balancer, strategy } = facts;
  if (balancer === null) return null;
  return (
    <>
      <div className={styles.name}>
        <span>
          <Icon name="sitemap" size="sm" /> {t('topology.balancer', 'Load balancer')}
        </span>
        <span className={styles.minor}>{balancer.known ? balancer.value.kind : ''}</span>
      </div>
      <div className={styles.leadsTo}>{leadsText(balancer, strategy)}</div>
    </>
  );
}

/** In full below the drawing: a phone has no hover. */
function BalancerProblem({ facts: { balancer } }: { readonly facts: Failover }): React.JSX.Element | null {
  if (balancer === null) return null;
  const problem = balancer.known
    ? balancer.value.problem
    : `${balancer.error.message}. ${t('error.hint', 'What helps: {{hint}}.', { hint: balancer.error.hint })}`;
  if (problem === null) return null;
  return <Text color="secondary">{t('topology.problem', 'Load balancer: {{problem}}', { problem })}</Text>;
}

function leadsText(balancer: NonNullable<Failover['balancer']>, strategy: string): string {
  if (!balancer.known) return t('topology.leads-unknown', 'where it leads is not known');
  const { writer, servers } = balancer.value;
  if (strategy !== 'active_passive')
    return t('topology.leads-all', 'leads to {{number}} of {{all}}', {
      number: servers.filter(({ state }) => state === 'up').length,
      all: servers.length,
    });
  return writer === null
    ? t('topology.leads-nobody', 'leads to no writer, or nobody knows to whom')
    : t('topology.leads', 'leads writers to {{node}}', { node: writer });
}

function getStyles(theme: GrafanaTheme2) {
  return {
    drawing: css({ position: 'relative' }),
    arrows: css({ position: 'absolute', inset: 0, overflow: 'visible', pointerEvents: 'none' }),
    arrow: css({ fill: 'none', stroke: theme.colors.text.secondary, strokeWidth: 1.5 }),
    leads: css({ strokeWidth: 3 }),
    broken: css({ strokeDasharray: '4 4', stroke: theme.colors.error.text }),
    head: css({ fill: theme.colors.text.secondary }),
    boxes: css({ listStyle: 'none', margin: 0 }),
    box: css({
      position: 'absolute',
      overflow: 'hidden',
      padding: theme.spacing(1),
      background: theme.colors.background.secondary,
      border: `1px solid ${theme.colors.border.medium}`,
      borderRadius: theme.shape.radius.default,
    }),
    primary: css({ borderColor: theme.colors.success.border, borderWidth: 2 }),
    name: css({
      display: 'flex',
      justifyContent: 'space-between',
      gap: theme.spacing(1),
      fontWeight: theme.typography.fontWeightMedium,
      marginBottom: theme.spacing(0.25),
    }),
    minor: css({
      ...theme.typography.bodySmall,
      color: theme.colors.text.secondary,
      whiteSpace: 'nowrap',
      overflow: 'hidden',
      textOverflow: 'ellipsis',
    }),
    leadsTo: css({ fontSize: theme.typography.bodySmall.fontSize }),
    line: css({
      ...theme.typography.bodySmall,
      color: theme.colors.text.secondary,
      whiteSpace: 'nowrap',
      overflow: 'hidden',
      textOverflow: 'ellipsis',
    }),
  };
}
