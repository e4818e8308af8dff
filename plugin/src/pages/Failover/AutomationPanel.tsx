import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import type { AutomationPause, ScheduledSwitchover } from '@genesis-dr/exporter/contract';
import { t } from '../../text.ts';
import { Alert, Stack, Text, useStyles2 } from '@grafana/ui';
import type { Failover } from '../../api/failover.ts';
import { useConnection } from '../../api/hooks.ts';
import { ActionButton } from '../../components/flow/ActionButton.tsx';
import { PauseFlow } from '../../components/flow/PauseFlow.tsx';
import { Facts } from '../../components/flow/PlanView.tsx';
import { Panel } from '../../components/Panel.tsx';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { Time } from '../../components/Time.tsx';
import { DialogButton } from '../../lib/DialogButton.tsx';
import { lossText } from '../../lib/failover-view.ts';
import { failoverTestIds } from './testIds.ts';
import { decisionTone, decisionWord, modeWord, strategyWord } from './words.ts';

interface AutomationProps {
  readonly service: string;
  readonly facts: Failover;
}

/** What is decided now and why, in which mode, and who holds it back until when. */
export function AutomationPanel({ service, facts }: AutomationProps): React.JSX.Element {
  const { mode, engine, strategy, pause } = facts;
  return (
    <Panel
      title={t('automation.title', 'What Genesis decides')}
      aside={
        pause === null ? (
          <DialogButton
            needs="operate"
            size="sm"
            icon="pause"
            testId={failoverTestIds.pause}
            dialog={(close) => <PauseDialog service={service} onClose={close} />}
          >
            {t('automation.pause', 'Pause automation')}
          </DialogButton>
        ) : (
          <ResumeButton service={service} />
        )
      }
      testId={failoverTestIds.automation}
    >
      <Decision decision={facts.decision} />
      {pause !== null && <Paused pause={pause} />}
      {facts.scheduled !== null && <Scheduled service={service} scheduled={facts.scheduled} />}
      <Facts
        minWidth={150}
        rows={[
          [t('automation.mode', 'Mode'), modeWord(mode)],
          [t('automation.strategy', 'Strategy'), strategyWord(strategy)],
          [t('automation.engine', 'Engine'), engine],
          [t('automation.decided', 'Decided'), <Time key="at" at={facts.decision.at} show="age" />],
        ]}
      />
    </Panel>
  );
}

function Decision({ decision }: { readonly decision: Failover['decision'] }): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const { failingSince } = useConnection();
  const isOld = failingSince !== null;
  return (
    <div data-testid={failoverTestIds.decision} data-action={decision.action} data-act={String(decision.act)}>
      <Stack direction="column" gap={0.5}>
        <Stack gap={1} wrap="wrap" alignItems="center">
          <StatusBadge
            tone={isOld ? 'unknown' : decisionTone(decision)}
            text={isOld ? t('decision.was', 'Not known now; it was this') : decisionBadge(decision)}
          />
          <strong>{decisionWord(decision)}</strong>
        </Stack>
        {decision.reasons.length > 0 && (
          <ul className={styles.list}>
            {decision.reasons.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        )}
        {decision.action === 'failover' && (
          <Text color="secondary">
            {t('decision.loss', 'Would be lost: {{loss}}', { loss: lossText(decision.loss) })}
          </Text>
        )}
      </Stack>
    </div>
  );
}

function decisionBadge({ action, act, page }: Failover['decision']): string {
  if (page) return t('decision.page', 'A person has to look');
  if (action === 'none') return t('decision.calm', 'All is well');
  return act ? t('decision.acts', 'Acting') : t('decision.only', 'Does not act');
}

function Paused({ pause }: { readonly pause: AutomationPause }): React.JSX.Element {
  return (
    <Alert
      severity="warning"
      bottomSpacing={0}
      title={t('automation.paused', 'Automation is paused: nothing is done by itself')}
    >
      <span>
        {t('automation.paused-by', 'By {{by}}: {{reason}}. Ends by itself', { by: pause.by, reason: pause.reason })}{' '}
        <Time at={pause.until} />
      </span>
    </Alert>
  );
}

function ResumeButton({ service }: { readonly service: string }): React.JSX.Element {
  return (
    <ActionButton
      spec={{
        id: 'resumeFailover',
        params: { name: service },
        body: {},
        title: t('automation.resume-title', 'Resume the automation of {{service}}', { service }),
        verb: t('automation.resume', 'Resume automation'),
        service,
        effects: [
          t('automation.resume-effect', 'Genesis decides and acts again at once, also on what is wrong already.'),
        ],
        reason: 'none',
      }}
      size="sm"
      icon="play"
      testId={failoverTestIds.resume}
    >
      {t('automation.resume', 'Resume automation')}
    </ActionButton>
  );
}

interface PauseDialogProps {
  readonly service: string;
  readonly onClose: () => void;
}

function PauseDialog({ service, onClose }: PauseDialogProps): React.JSX.Element {
  return (
    <PauseFlow
      id="pauseFailover"
      service={service}
      title={t('automation.pause-title', 'Pause the automation of {{service}}', { service })}
      verb={t('automation.pause', 'Pause automation')}
      effectsFor={(time) => [
        t('automation.pause-effect', 'No automatic failover or fence for {{time}}; alerts still page.', { time }),
        t('automation.pause-hand', 'The buttons of this page go on working. It ends by itself, or with Resume.'),
      ]}
      onClose={onClose}
    />
  );
}

function Scheduled({
  service,
  scheduled,
}: {
  readonly service: string;
  readonly scheduled: ScheduledSwitchover;
}): React.JSX.Element {
  const { at, candidate, by, reason } = scheduled;
  return (
    <div data-testid={failoverTestIds.scheduled}>
      <Alert severity="info" bottomSpacing={0} title={t('scheduled.title', 'A switchover is scheduled')}>
        <Stack direction="column" gap={1}>
          <span>
            <Time at={at} />{' '}
            {t('scheduled.what', 'to {{candidate}}, by {{by}}: {{reason}}', {
              candidate: candidate ?? t('scheduled.best', 'the best node then'),
              by,
              reason,
            })}
          </span>
          <div>
            <ActionButton
              spec={{
                id: 'cancelSwitchover',
                params: { name: service },
                title: t('scheduled.cancel-title', 'Forget the scheduled switchover of {{service}}', { service }),
                verb: t('scheduled.cancel', 'Forget it'),
                service,
                effects: [t('scheduled.cancel-effect', 'The service stays where it is.')],
              }}
              size="sm"
              testId={failoverTestIds.cancelScheduled}
            >
              {t('scheduled.cancel', 'Forget it')}
            </ActionButton>
          </div>
        </Stack>
      </Alert>
    </div>
  );
}

function getStyles(theme: GrafanaTheme2) {
  return { list: css({ marginLeft: theme.spacing(2.5), overflowWrap: 'anywhere' }) };
}
