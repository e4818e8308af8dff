import { t } from '../../text.ts';
import { Alert, Stack, Text, useTheme2 } from '@grafana/ui';
import type { PlanReply } from '../../api/types.ts';
import { formatBytes, formatDuration } from '../../lib/format.ts';
import { isFailoverKind, lossText, plannedMove } from '../../lib/failover-view.ts';
import { plannedRecovery, type PlannedRecovery } from '../../lib/pitr.ts';
import { moneyText, plannedScale } from '../../lib/scaling-view.ts';
import { StatusBadge } from '../StatusBadge.tsx';
import { Time } from '../Time.tsx';
import { testIds } from '../testIds.ts';

/** What would happen: blockers first, because with one of them nothing else matters. */
export function PlanView({ plan }: { readonly plan: PlanReply }): React.JSX.Element {
  const expected = plan.expected.known
    ? t('plan.expected', '{{time}} ({{source}})', {
        time: formatDuration(plan.expected.seconds),
        source: plan.expected.source,
      })
    : t('plan.expectedUnknown', 'not known: {{why}}', { why: plan.expected.why });
  return (
    <div data-testid={testIds.flow.plan}>
      <Stack direction="column" gap={1.5}>
        <Blockers plan={plan} />
        {plan.warnings.length === 0 ? null : (
          <Alert severity="warning" title={t('plan.warnings', 'Know before')}>
            <Lines lines={plan.warnings} />
          </Alert>
        )}
        <RecoveryPart plan={plan} />
        <MovePart plan={plan} />
        <ScalePart plan={plan} />
        <Part title={t('plan.steps', 'What will happen')}>
          <Lines lines={plan.steps} ordered />
        </Part>
        <Facts
          rows={[
            ...placeOf(plan),
            [
              t('plan.stops', 'What stops meanwhile'),
              plan.stops.length === 0 ? t('plan.nothing', 'nothing') : plan.stops.join('; '),
            ],
            [t('plan.time', 'Expected time'), expected],
            ...bytesOf(plan),
            [
              t('plan.stake', 'Data at stake'),
              plan.atStake.length === 0 ? t('plan.none', 'none') : plan.atStake.join('; '),
            ],
            [t('plan.back', 'Way back'), plan.wayBack],
          ]}
        />
      </Stack>
    </div>
  );
}

/** Who takes over from whom, what would be lost, and how the old primary is kept from writing. */
function MovePart({ plan }: { readonly plan: PlanReply }): React.JSX.Element | null {
  const move = plannedMove(plan);
  if (move === null) return null;
  const unknown = t('time.unknown', 'not known');
  return (
    <Part title={t('plan.move', 'From whom to whom')}>
      <Facts
        rows={[
          [t('plan.move-from', 'From'), move.from ?? unknown],
          [t('plan.move-to', 'To'), move.candidate === null ? unknown : <strong key="to">{move.candidate}</strong>],
          [t('plan.move-loss', 'Would be lost'), <strong key="loss">{lossText(move.loss)}</strong>],
          // In a switchover the old primary goes in order; nobody has to stop it.
          ...(move.kind === 'switchover'
            ? []
            : [[t('plan.move-fence', 'How the old primary is fenced'), move.fence ?? unknown] as const]),
          [t('plan.move-balancer', 'Load balancer'), move.balancer ?? t('plan.no-balancer', 'none is set up')],
        ]}
      />
    </Part>
  );
}

/** How many there would be, who would be ended, and what it costs. */
function ScalePart({ plan }: { readonly plan: PlanReply }): React.JSX.Element | null {
  if (plan.kind !== 'scale') return null;
  const { current, desired, remove, costBefore, costAfter, currency } = plannedScale(plan);
  const unknown = t('time.unknown', 'not known');
  const money = (amount: number | null): string =>
    amount === null || currency === null ? unknown : moneyText(amount, currency);
  return (
    <Part title={t('plan.scale', 'How many')}>
      <Facts
        rows={[
          [t('plan.scale-from', 'Instances now'), current === null ? unknown : String(current)],
          [
            t('plan.scale-to', 'Instances then'),
            <strong key="to">{desired === null ? unknown : String(desired)}</strong>,
          ],
          ...(remove.length === 0 ? [] : [[t('plan.scale-remove', 'Drained and ended'), remove.join(', ')] as const]),
          ...(currency === null
            ? []
            : [
                [
                  t('plan.scale-cost', 'Cost an hour'),
                  t('plan.scale-costs', '{{before}}, then {{after}}', {
                    before: money(costBefore),
                    after: money(costAfter),
                  }),
                ] as const,
              ]),
        ]}
      />
    </Part>
  );
}

/** Whether the asked moment can be reached, with what, and what would be lost. */
function RecoveryPart({ plan }: { readonly plan: PlanReply }): React.JSX.Element | null {
  const found = plannedRecovery(plan.facts);
  if (found === null) return null;
  const unknown = t('time.unknown', 'not known');
  const backup = plan.facts['backupId'];
  return (
    <Part title={t('plan.recovery', 'What is brought back')}>
      <div data-reachable={String(found.reachable)}>
        {found.reachable === true ? (
          <StatusBadge tone="good" text={t('plan.reachable', 'Can be reached')} />
        ) : found.reachable === false ? (
          <StatusBadge tone="bad" text={t('plan.unreachable', 'Cannot be reached')} />
        ) : (
          <StatusBadge tone="unknown" text={t('plan.reach-unknown', 'Only the replay can tell')} />
        )}{' '}
        {found.problem}
      </div>
      <Facts
        rows={[
          [
            t('plan.as-of', 'Data of'),
            found.dataAsOf === null ? (
              t('plan.as-of-unknown', 'only the replay can tell')
            ) : (
              <Time key="at" at={found.dataAsOf} />
            ),
          ],
          [t('plan.from-backup', 'From the backup'), typeof backup === 'string' ? backup : unknown],
          [t('plan.wal', 'Log to replay'), walText(found)],
          [t('plan.lost', 'Written later and not in it'), found.lost ?? unknown],
        ]}
      />
    </Part>
  );
}

function walText({ walFrom, walTo, timeline }: PlannedRecovery): string {
  if (walFrom === null) return t('time.unknown', 'not known');
  const segments =
    walTo === null
      ? t('plan.wal-from', 'from {{from}} on', { from: walFrom })
      : t('plan.wal-range', '{{from}} to {{to}}', { from: walFrom, to: walTo });
  return timeline === null
    ? segments
    : t('plan.wal-timeline', '{{segments}}, timeline {{timeline}}', { segments, timeline });
}

/** Where a restore will write. */
function placeOf({ kind, facts }: PlanReply): readonly (readonly [string, React.ReactNode])[] {
  const place = typeof facts['folder'] === 'string' ? facts['folder'] : facts['target'];
  if (kind !== 'restore' || typeof place !== 'string') return [];
  return [
    [
      t('plan.folder', 'Where it is written'),
      <code key="folder" style={{ whiteSpace: 'normal', overflowWrap: 'anywhere' }}>
        {place}
      </code>,
    ],
  ];
}

/** A failover moves the service, not its data, and scaling neither; of a node that is cloned anew the size may be known. */
function bytesOf({ kind, bytes }: PlanReply): readonly (readonly [string, string])[] {
  if (bytes === null && (isFailoverKind(kind) || kind === 'scale')) return [];
  return [[t('plan.bytes', 'Data to move'), bytes === null ? t('time.unknown', 'not known') : formatBytes(bytes)]];
}

/** For actions without a dry run: what they do, in the page's own words. */
export function Effects({ effects }: { readonly effects: readonly string[] }): React.JSX.Element | null {
  if (effects.length === 0) return null;
  return (
    <div data-testid={testIds.flow.plan}>
      <Part title={t('plan.steps', 'What will happen')}>
        <Lines lines={effects} />
      </Part>
    </div>
  );
}

function Blockers({ plan }: { readonly plan: PlanReply }): React.JSX.Element | null {
  if (plan.blockers.length === 0) return null;
  return (
    <div data-testid={testIds.flow.blockers}>
      <Alert severity="error" title={t('plan.blocked', 'It would be refused now')}>
        {plan.blockers.map(({ code, message, hint }) => (
          <p key={code}>{t('plan.blocker', '{{message}}. What helps: {{hint}}.', { message, hint })}</p>
        ))}
      </Alert>
    </div>
  );
}

function Part({ title, children }: { readonly title: string; readonly children: React.ReactNode }): React.JSX.Element {
  return (
    <Stack direction="column" gap={0.5}>
      <Text element="h3" variant="h6">
        {title}
      </Text>
      {children}
    </Stack>
  );
}

function Lines({
  lines,
  ordered = false,
}: {
  readonly lines: readonly string[];
  readonly ordered?: boolean;
}): React.JSX.Element {
  const theme = useTheme2();
  const List = ordered ? 'ol' : 'ul';
  return (
    <List style={{ marginLeft: theme.spacing(2.5), overflowWrap: 'anywhere' }}>
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </List>
  );
}

/** Names and values; one below the other where there is no room for both. */
export function Facts({
  rows,
  minWidth = 220,
}: {
  readonly rows: readonly (readonly [string, React.ReactNode])[];
  readonly minWidth?: number;
}): React.JSX.Element {
  const theme = useTheme2();
  return (
    <dl
      style={{
        display: 'grid',
        gridTemplateColumns: `repeat(auto-fit, minmax(min(${minWidth}px, 100%), 1fr))`,
        gap: theme.spacing(1.5),
        margin: 0,
      }}
    >
      {rows.map(([name, value]) => (
        <div key={name} style={{ minWidth: 0 }}>
          <dt
            style={{
              color: theme.colors.text.secondary,
              fontSize: theme.typography.bodySmall.fontSize,
              fontWeight: theme.typography.fontWeightRegular,
            }}
          >
            {name}
          </dt>
          <dd style={{ margin: 0, overflowWrap: 'anywhere' }}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
