import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '../../text.ts';
import { Stack, Text, useStyles2 } from '@grafana/ui';
import { useConnection } from '../../api/hooks.ts';
import { Facts } from '../../components/flow/PlanView.tsx';
import { Panel } from '../../components/Panel.tsx';
import { Time } from '../../components/Time.tsx';
import { DialogButton } from '../../lib/DialogButton.tsx';
import { formatCount } from '../../lib/format.ts';
import type { Scaling } from '../../lib/scaling-api.ts';
import { countsOf, moneyText, type Counts } from '../../lib/scaling-view.ts';
import { ownedWord } from './limits.ts';
import { SetFlow } from './SetFlow.tsx';
import { scalingTestIds } from './testIds.ts';

interface CountPanelProps {
  readonly service: string;
  readonly facts: Scaling;
  /** What is under way: it stands before the rest, because it changes while one looks. */
  readonly children: React.ReactNode;
}

/** How many run and should, within which bounds and at which cost, and the buttons that change the number. */
export function CountPanel({ service, facts, children }: CountPanelProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const { failingSince } = useConnection();
  const counts = countsOf(facts);
  const unknown = t('time.unknown', 'not known');
  return (
    <Panel title={service} aside={<Text color="secondary">{engineText(facts)}</Text>} testId={scalingTestIds.count}>
      <p className={styles.headline}>
        <strong className={styles.number}>{counts.ready === null ? '?' : formatCount(counts.ready)}</strong>
        <span>{headline(counts, failingSince !== null)}</span>
      </p>
      <BoundsBar counts={counts} />
      <Buttons service={service} facts={facts} counts={counts} />
      {children}
      <Facts
        minWidth={120}
        rows={[
          [t('count.desired', 'Wanted'), counts.desired === null ? unknown : formatCount(counts.desired)],
          [t('count.running', 'Running in all'), counts.running === null ? unknown : formatCount(counts.running)],
          [
            t('count.bounds', 'Bounds of the policy'),
            t('scaling.bounds', '{{min}} to {{max}}', { min: counts.min, max: counts.max }),
          ],
          [
            t('count.last-up', 'Last added'),
            <Time key="up" at={facts.lastUpAt} show="age" absent={t('count.never', 'never')} />,
          ],
          [
            t('count.last-down', 'Last removed'),
            <Time key="down" at={facts.lastDownAt} show="age" absent={t('count.never', 'never')} />,
          ],
        ]}
      />
      <CostPart facts={facts} />
    </Panel>
  );
}

function engineText({ engine, fleet }: Scaling): string {
  const owner = fleet?.ownedBy ?? null;
  return owner === null
    ? t('count.engine', 'Engine: {{engine}}', { engine })
    : t('count.engine-owned', 'Engine: {{engine}}, owned by {{owner}}', { engine, owner });
}

function headline({ ready, desired }: Counts, isOld: boolean): string {
  if (isOld) return t('count.was', 'ready when the exporter answered last; not known now');
  if (ready === null) return t('count.unknown', 'instances: nobody knows how many are ready');
  if (desired === null) return t('count.ready', 'ready');
  return t('count.ready-of', 'ready of {{desired}} that are wanted', { desired: formatCount(desired) });
}

/** Where the number stands between the bounds; the same figures stand in words beside it. */
function BoundsBar({ counts }: { readonly counts: Counts }): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const { min, max, ready, desired } = counts;
  const most = Math.max(max, ready ?? 0, desired ?? 0, 1);
  const place = (value: number): string => `${(value / most) * 100}%`;
  return (
    <div className={styles.bar} aria-hidden>
      <div className={styles.range} style={{ left: place(min), width: place(Math.max(0, max - min)) }} />
      {ready !== null && <div className={styles.fill} style={{ width: place(ready) }} />}
      {desired !== null && <div className={styles.mark} style={{ left: place(desired) }} />}
    </div>
  );
}

interface ButtonsProps {
  readonly service: string;
  readonly facts: Scaling;
  readonly counts: Counts;
}

function Buttons({ service, facts, counts }: ButtonsProps): React.JSX.Element {
  const { desired, min, max } = counts;
  const owned = ownedWord(facts);
  const unknown =
    desired === null && facts.fleet === null ? t('count.not-known', 'Nobody knows how many there are') : owned;
  const base = desired ?? counts.ready ?? min;
  const dialog = (initial: number) => (close: () => void) => (
    <SetFlow service={service} facts={facts} initial={initial} onClose={close} />
  );
  return (
    <Stack gap={1} wrap="wrap">
      <DialogButton
        needs="operate"
        icon="plus"
        disabledBecause={
          unknown ?? (base >= max ? t('count.at-max', 'The policy allows at most {{max}}', { max }) : null)
        }
        testId={scalingTestIds.up}
        dialog={dialog(base + 1)}
      >
        {t('count.up', 'Add one')}
      </DialogButton>
      <DialogButton
        needs="operate"
        icon="minus"
        disabledBecause={
          unknown ?? (base <= min ? t('count.at-min', 'The policy keeps at least {{min}}', { min }) : null)
        }
        testId={scalingTestIds.down}
        dialog={dialog(Math.max(0, base - 1))}
      >
        {t('count.down', 'Remove one')}
      </DialogButton>
      <DialogButton
        needs="operate"
        icon="sliders-v-alt"
        disabledBecause={owned}
        testId={scalingTestIds.set}
        dialog={dialog(base)}
      >
        {t('count.set', 'Set the number')}
      </DialogButton>
    </Stack>
  );
}

function CostPart({ facts }: { readonly facts: Scaling }): React.JSX.Element {
  const { cost, decision } = facts;
  if (cost === null)
    return (
      <Text color="secondary" variant="bodySmall">
        {t('cost.none', 'What it costs is not known: no price is configured.')}
      </Text>
    );
  const money = (amount: number): string => moneyText(amount, cost.currency);
  const proposal = decision !== null && decision.action !== 'hold' ? decision.costPerHour : null;
  return (
    <div data-testid={scalingTestIds.cost}>
      <Facts
        minWidth={120}
        rows={[
          [t('cost.hour', 'Costs an hour'), money(cost.perHour)],
          [
            t('cost.so-far', 'So far'),
            <span key="sofar">
              {t('cost.so-far-since', '{{amount}}, counted since', { amount: money(cost.soFar) })}{' '}
              <Time at={cost.since} show="age" />
            </span>,
          ],
          [
            t('cost.ceiling', 'Ceiling an hour'),
            cost.ceilingPerHour === null ? t('cost.no-ceiling', 'none') : money(cost.ceilingPerHour),
          ],
          ...(proposal === null ? [] : [[t('cost.proposal', 'An hour, as decided now'), money(proposal)] as const]),
        ]}
      />
    </div>
  );
}

function getStyles(theme: GrafanaTheme2) {
  return {
    headline: css({
      display: 'flex',
      alignItems: 'baseline',
      gap: theme.spacing(1),
      margin: 0,
      minWidth: 0,
      ...theme.typography.h4,
    }),
    number: css({ ...theme.typography.h1, fontVariantNumeric: 'tabular-nums' }),
    bar: css({
      position: 'relative',
      height: 12,
      background: theme.colors.background.secondary,
      borderRadius: theme.shape.radius.default,
    }),
    range: css({
      position: 'absolute',
      top: 0,
      bottom: 0,
      border: `1px solid ${theme.colors.border.strong}`,
      borderRadius: theme.shape.radius.default,
    }),
    fill: css({
      position: 'absolute',
      top: 3,
      bottom: 3,
      left: 0,
      background: theme.colors.success.border,
      borderRadius: theme.shape.radius.default,
    }),
    mark: css({
      position: 'absolute',
      top: -3,
      bottom: -3,
      width: 3,
      marginLeft: -1.5,
      background: theme.colors.text.primary,
    }),
  };
}
