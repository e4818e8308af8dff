import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '../../text.ts';
import { Stack, Text, useStyles2 } from '@grafana/ui';
import { useConnection } from '../../api/hooks.ts';
import { ActionButton } from '../../components/flow/ActionButton.tsx';
import { PauseFlow } from '../../components/flow/PauseFlow.tsx';
import { Facts } from '../../components/flow/PlanView.tsx';
import { Panel } from '../../components/Panel.tsx';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { Time } from '../../components/Time.tsx';
import { useNow } from '../../components/useNow.ts';
import { DialogButton } from '../../lib/DialogButton.tsx';
import type { Scaling } from '../../lib/scaling-api.ts';
import { heldBy, standingOf } from '../../lib/scaling-view.ts';
import { limitWord, ownedWord } from './limits.ts';
import { SetFlow } from './SetFlow.tsx';
import { scalingTestIds } from './testIds.ts';
import { decisionWord, modeWord, standingTones, standingWord } from './words.ts';

interface DecisionPanelProps {
  readonly service: string;
  readonly facts: Scaling;
}

/** What is decided now in words, why, and what keeps the number from being what the metrics want. */
export function DecisionPanel({ service, facts }: DecisionPanelProps): React.JSX.Element {
  const { mode, pause, decision } = facts;
  const predicted = decision?.predicted ?? null;
  return (
    <Panel
      title={t('automation.title', 'What Genesis decides')}
      aside={pause === null ? <PauseButton service={service} /> : <ResumeButton service={service} />}
    >
      <Standing facts={facts} />
      {decision !== null && <WhyNot facts={facts} />}
      {mode === 'manual' && decision !== null && decision.action !== 'hold' && decision.action !== 'freeze' && (
        <Accept service={service} facts={facts} desired={decision.desired} />
      )}
      <Facts
        minWidth={130}
        rows={[
          [t('automation.mode', 'Mode'), modeWord(mode)],
          [t('automation.decided', 'Decided'), <Time key="at" at={decision?.at ?? null} show="age" />],
          [t('scaling.wanted-by-votes', 'The metrics alone want'), numberText(decision?.proposed ?? null)],
          [
            t('scaling.predicted', 'The forecast wants'),
            predicted === null ? t('scaling.no-prediction', 'no say') : numberText(predicted),
          ],
        ]}
      />
    </Panel>
  );
}

function numberText(value: number | null): string {
  return value === null ? t('time.unknown', 'not known') : String(value);
}

function Standing({ facts }: { readonly facts: Scaling }): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const { failingSince } = useConnection();
  const { decision } = facts;
  const standing = standingOf(facts);
  const isOld = failingSince !== null;
  return (
    <div
      data-testid={scalingTestIds.decision}
      data-action={decision?.action ?? 'none'}
      data-standing={isOld ? 'unknown' : standing}
    >
      <Stack direction="column" gap={0.5}>
        <Stack gap={1} wrap="wrap" alignItems="center">
          <StatusBadge
            tone={isOld ? 'unknown' : standingTones[standing]}
            text={isOld ? t('decision.was', 'Not known now; it was this') : standingWord(standing)}
          />
          {decision !== null && <strong>{decisionWord(decision)}</strong>}
        </Stack>
        {decision === null ? (
          <Text color="secondary">{undecidedWhy(facts)}</Text>
        ) : (
          <ul className={styles.list}>
            {decision.reasons.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        )}
      </Stack>
    </div>
  );
}

function undecidedWhy({ problem }: Scaling): string {
  return problem === null
    ? t('scaling.undecided-why', 'The first evaluation has not come to its end yet.')
    : t('scaling.undecided-unseen', 'Nothing can be decided while nobody knows which instances there are.');
}

/** The limits in words. Nothing where nothing limits. */
function WhyNot({ facts }: { readonly facts: Scaling }): React.JSX.Element | null {
  const styles = useStyles2(getStyles);
  const now = useNow(10_000);
  const limits = facts.decision === null ? [] : heldBy(facts.decision);
  if (limits.length === 0) return null;
  return (
    <div data-testid={scalingTestIds.limits}>
      <Text element="h3" variant="h6">
        {t('scaling.why-not', 'Why not another number')}
      </Text>
      <ul className={styles.list}>
        {limits.map((limit) => (
          <li key={limit} data-limit={limit}>
            {limitWord(limit, facts, now)}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** In mode manual a decision waits for a person. */
function Accept({ service, facts, desired }: DecisionPanelProps & { readonly desired: number }): React.JSX.Element {
  return (
    <div>
      <DialogButton
        needs="operate"
        variant="primary"
        icon="check"
        disabledBecause={ownedWord(facts)}
        testId={scalingTestIds.accept}
        dialog={(close) => <SetFlow service={service} facts={facts} initial={desired} onClose={close} />}
      >
        {t('scaling.accept', 'Do it: {{desired}} instances', { desired })}
      </DialogButton>
    </div>
  );
}

function ResumeButton({ service }: { readonly service: string }): React.JSX.Element {
  return (
    <ActionButton
      spec={{
        id: 'resumeScaling',
        params: { name: service },
        body: {},
        title: t('scaling.resume-title', 'Resume automatic scaling of {{service}}', { service }),
        verb: t('scaling.resume', 'Resume scaling'),
        service,
        effects: [t('scaling.resume-effect', 'Genesis decides and acts again from the next evaluation on.')],
        reason: 'none',
      }}
      size="sm"
      icon="play"
      testId={scalingTestIds.resume}
    >
      {t('scaling.resume', 'Resume scaling')}
    </ActionButton>
  );
}

function PauseButton({ service }: { readonly service: string }): React.JSX.Element {
  return (
    <DialogButton
      needs="operate"
      size="sm"
      icon="pause"
      testId={scalingTestIds.pause}
      dialog={(close) => <PauseDialog service={service} onClose={close} />}
    >
      {t('scaling.pause', 'Pause scaling')}
    </DialogButton>
  );
}

interface PauseDialogProps {
  readonly service: string;
  readonly onClose: () => void;
}

function PauseDialog({ service, onClose }: PauseDialogProps): React.JSX.Element {
  return (
    <PauseFlow
      id="pauseScaling"
      service={service}
      title={t('scaling.pause-title', 'Pause automatic scaling of {{service}}', { service })}
      verb={t('scaling.pause', 'Pause scaling')}
      effectsFor={(time) => [
        t('scaling.pause-effect', 'Nothing is added or removed by itself for {{time}}, whatever the load does.', {
          time,
        }),
        t('scaling.pause-hand', 'Decisions are still made and shown, and the buttons of this page go on working.'),
      ]}
      onClose={onClose}
    />
  );
}

function getStyles(theme: GrafanaTheme2) {
  return { list: css({ marginLeft: theme.spacing(2.5), overflowWrap: 'anywhere' }) };
}
