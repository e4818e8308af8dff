import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '../../text.ts';
import { Alert, Checkbox, RadioButtonList, Stack, useStyles2 } from '@grafana/ui';
import { useId, useState } from 'react';
import { useFailover, type Failover } from '../../api/failover.ts';
import { ActionFlow } from '../../components/flow/ActionFlow.tsx';
import { useNow } from '../../components/useNow.ts';
import { isForcible } from '../../lib/failover-view.ts';
import { formatBytes } from '../../lib/format.ts';
import { TimeField } from '../../lib/TimeField.tsx';
import { failoverTestIds } from './testIds.ts';

interface MoveFlowProps {
  readonly service: string;
  readonly facts: Failover;
  readonly onClose: () => void;
}

/** Stands for no choice: no node can be called so. */
const best = ':best';
const chosen = (candidate: string): { candidate?: string } => (candidate === best ? {} : { candidate });

/** Unplanned: the primary is fenced and a standby promoted. To go past a hold is a choice of its own. */
export function FailoverFlow({ service, facts, onClose }: MoveFlowProps): React.JSX.Element {
  const [candidate, setCandidate] = useState(best);
  const [force, setForce] = useState(false);
  // Once offered it stays while the plan is made anew: it must not vanish from under the pointer.
  const [wasForced, setWasForced] = useState(false);
  return (
    <ActionFlow
      spec={{
        id: 'startFailover',
        params: { name: service },
        body: { ...chosen(candidate), ...(force ? { force } : {}) },
        title: t('move.failover-title', 'Fail {{service}} over', { service }),
        verb: force ? t('move.force-verb', 'Fail over without proof') : t('move.failover-verb', 'Fail over'),
        service,
        destructive: true,
      }}
      options={<CandidateChoice service={service} facts={facts} value={candidate} onChoose={setCandidate} />}
      afterPlan={(plan) =>
        (force || wasForced || isForcible(plan)) && (
          <ForceChoice
            value={force}
            onChange={(value) => {
              setForce(value);
              setWasForced(true);
            }}
          />
        )
      }
      onClose={onClose}
    />
  );
}

/** Planned: nothing is lost, or it goes back. Now, or at a time. */
export function SwitchoverFlow({ service, facts, onClose }: MoveFlowProps): React.JSX.Element {
  const [candidate, setCandidate] = useState(best);
  const [isLater, setIsLater] = useState(false);
  const [at, setAt] = useState('');
  const now = useNow(10_000);
  const isPast = isLater && at !== '' && Date.parse(at) <= now;
  return (
    <ActionFlow
      spec={{
        id: 'startSwitchover',
        params: { name: service },
        body: { ...chosen(candidate), ...(isLater && at !== '' ? { at } : {}) },
        ready: !isLater || (at !== '' && !isPast),
        title: t('move.switchover-title', 'Switch {{service}} over', { service }),
        verb: isLater ? t('move.schedule-verb', 'Schedule the switchover') : t('move.switchover-verb', 'Switch over'),
        service,
      }}
      options={
        <Stack direction="column" gap={2}>
          <CandidateChoice service={service} facts={facts} value={candidate} onChoose={setCandidate} />
          <WhenChoice isLater={isLater} onLater={setIsLater} at={at} onAt={setAt} isPast={isPast} />
        </Stack>
      }
      onClose={onClose}
    />
  );
}

interface CandidateChoiceProps {
  readonly service: string;
  /** As they stood when the dialog was opened. */
  readonly facts: Failover;
  /** Name of a node, or `best`. */
  readonly value: string;
  readonly onChoose: (node: string) => void;
}

/** Every other node with what speaks for or against it; which may be promoted is for the plan to say. */
function CandidateChoice({ service, facts, value, onChoose }: CandidateChoiceProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const name = useId();
  const { standing, primary, nodes } = useFailover(service).data?.failover ?? facts;
  const options = [
    {
      value: best,
      label: t('move.best', 'The best one'),
      description:
        standing.candidate === null
          ? t('move.best-none', 'As things stand there is none')
          : t('move.best-is', 'As things stand: {{node}}', { node: standing.candidate }),
    },
    ...nodes
      .filter((node) => node.name !== primary)
      .map((node) => ({
        value: node.name,
        label: `${node.name} (${node.region})`,
        description:
          standing.rejected.find((one) => one.node === node.name)?.reason ??
          (node.lagBytes === null
            ? t('move.lag-unknown', 'How far it is behind is not known')
            : t('move.lag', 'Behind by {{lag}}', { lag: formatBytes(Math.max(0, node.lagBytes)) })),
      })),
  ];
  return (
    <fieldset className={styles.choices}>
      <legend className={styles.legend}>{t('move.candidate', 'Who takes over')}</legend>
      <RadioButtonList name={name} options={options} value={value} onChange={onChoose} />
    </fieldset>
  );
}

function ForceChoice({
  value,
  onChange,
}: {
  readonly value: boolean;
  readonly onChange: (value: boolean) => void;
}): React.JSX.Element {
  return (
    <Alert severity="warning" bottomSpacing={0} title={t('move.force-title', 'Going on all the same is your decision')}>
      <Stack direction="column" gap={1}>
        <span>
          {t(
            'move.force-why',
            'Nothing proves that the old primary takes no more writes, or more would be lost than the policy allows. If it still lives, clients can write to both: one half of that is lost. First see to it that it is down: switch its machine off, or cut its power.',
          )}
        </span>
        {/* In a column it would be as wide as that, with its text in the middle. */}
        <div>
          <Checkbox
            label={t('move.force', 'I have seen to it, and take the loss that the plan names')}
            value={value}
            onChange={(event) => onChange(event.currentTarget.checked)}
            data-testid={failoverTestIds.force}
          />
        </div>
      </Stack>
    </Alert>
  );
}

interface WhenChoiceProps {
  readonly isLater: boolean;
  readonly onLater: (isLater: boolean) => void;
  readonly at: string;
  readonly onAt: (at: string) => void;
  readonly isPast: boolean;
}

function WhenChoice({ isLater, onLater, at, onAt, isPast }: WhenChoiceProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const name = useId();
  return (
    <fieldset className={styles.choices}>
      <legend className={styles.legend}>{t('move.when', 'When')}</legend>
      <RadioButtonList
        name={name}
        options={[
          { value: 'now', label: t('move.now', 'Now') },
          {
            value: 'later',
            label: t('move.later', 'At a time'),
            description: t('move.later-what', 'Everything is checked again then; what does not hold any more holds it'),
          },
        ]}
        value={isLater ? 'later' : 'now'}
        onChange={(value) => onLater(value === 'later')}
      />
      {isLater && (
        <div data-testid={failoverTestIds.at}>
          <TimeField label={t('move.at', 'Moment (local time)')} value={at} onChange={onAt} />
        </div>
      )}
      {isPast && <span role="alert">{t('move.past', 'That moment has passed')}</span>}
    </fieldset>
  );
}

function getStyles(theme: GrafanaTheme2) {
  return {
    choices: css({ display: 'flex', flexDirection: 'column', gap: theme.spacing(1), minWidth: 0 }),
    legend: css({
      fontSize: theme.typography.bodySmall.fontSize,
      fontWeight: theme.typography.fontWeightMedium,
      marginBottom: theme.spacing(0.5),
    }),
  };
}
