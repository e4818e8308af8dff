import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import type { StandingAnswer } from '@genesis-dr/exporter/contract';
import { t } from '../../text.ts';
import { Icon, Stack, Text, useStyles2, type IconName } from '@grafana/ui';
import type { Failover } from '../../api/failover.ts';
import { useConnection } from '../../api/hooks.ts';
import { Panel } from '../../components/Panel.tsx';
import { DialogButton } from '../../lib/DialogButton.tsx';
import { answerOf, hasLog, hasPrimary, lossText, type Answer } from '../../lib/failover-view.ts';
import { FailoverFlow, SwitchoverFlow } from './MoveFlow.tsx';
import { failoverTestIds } from './testIds.ts';
import { strategyWord } from './words.ts';

interface MoveProps {
  readonly service: string;
  readonly facts: Failover;
}

interface AnswerPanelProps extends MoveProps {
  /** What is under way: it stands before the reasons, because it changes while one looks. */
  readonly children: React.ReactNode;
}

const icons: Record<Answer, IconName> = { yes: 'check-circle', no: 'times-circle', unknown: 'question-circle' };

/** The standing answer in large, why, and the two buttons one comes for. */
export function AnswerPanel({ service, facts, children }: AnswerPanelProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const { failingSince } = useConnection();
  const { standing } = facts;
  // While the exporter does not answer, nobody knows; what it last said stands below.
  const answer = failingSince === null ? answerOf(standing.wouldSucceed) : 'unknown';
  return (
    <Panel
      title={service}
      aside={<Text color="secondary">{hasLog(facts) ? primaryText(facts) : strategyWord(facts.strategy)}</Text>}
    >
      <div className={styles.answer} data-testid={failoverTestIds.answer} data-answer={answer}>
        <Icon name={icons[answer]} size="xxl" className={styles[answer]} aria-hidden />
        <p className={styles.headline}>{failingSince === null ? headline(standing) : outageHeadline(standing)}</p>
      </div>
      <Stack gap={1} wrap="wrap">
        <MoveButtons service={service} facts={facts} />
      </Stack>
      {children}
      <Reasons standing={standing} />
    </Panel>
  );
}

function primaryText({ primary }: Failover): string {
  return primary === null
    ? t('failover.primary-unknown', 'Primary: none, or not known')
    : t('failover.primary-is', 'Primary: {{primary}}', { primary });
}

export function headline(standing: StandingAnswer): string {
  const { wouldSucceed, candidate, loss } = standing;
  if (wouldSucceed === true)
    return t('failover.yes', 'A failover now would succeed: to {{candidate}}, losing {{loss}}', {
      candidate: candidate ?? t('failover.some-node', 'a node that is not known'),
      loss: unbroken(lossText(loss)),
    });
  if (wouldSucceed === false) return t('failover.no', 'A failover now would NOT succeed');
  return t('failover.nobody-knows', 'Nobody knows whether a failover would succeed now');
}

/** A number that stands alone at the end of a line is read as another number. */
function unbroken(text: string): string {
  return text.replaceAll(/(\d) (?=[A-Za-z])/g, '$1\u00a0');
}

function outageHeadline(standing: StandingAnswer): string {
  return t('failover.was', 'Not known while the exporter does not answer. It last said: {{was}}', {
    was: headline(standing),
  });
}

function Reasons({ standing }: { readonly standing: StandingAnswer }): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const { reasons, rejected, wouldSucceed, loss } = standing;
  const lossDetail = wouldSucceed === true && loss !== null ? loss.detail : '';
  return (
    <Stack direction="column" gap={0.5}>
      {(reasons.length > 0 || lossDetail !== '') && (
        <>
          <Text element="h3" variant="h6">
            {t('failover.because', 'Because')}
          </Text>
          <ul className={styles.list}>
            {reasons.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
            {lossDetail !== '' && <li>{t('failover.loss-detail', 'Loss: {{detail}}', { detail: lossDetail })}</li>}
          </ul>
        </>
      )}
      {rejected.length > 0 && (
        <>
          <Text element="h3" variant="h6">
            {t('failover.rejected', 'Who could not take over')}
          </Text>
          <ul className={styles.list}>
            {rejected.map(({ node, reason }) => (
              <li key={node}>
                <strong>{node}</strong>: {reason}
              </li>
            ))}
          </ul>
        </>
      )}
    </Stack>
  );
}

/** What the present asks for stands out: a switchover while the primary is there, a failover when it is not. */
function MoveButtons({ service, facts }: MoveProps): React.JSX.Element {
  const isThere = !hasLog(facts) || hasPrimary(facts);
  return (
    <>
      <DialogButton
        needs="admin"
        variant="destructive"
        fill={isThere ? 'outline' : 'solid'}
        icon="bolt"
        testId={failoverTestIds.start}
        dialog={(close) => <FailoverFlow service={service} facts={facts} onClose={close} />}
      >
        {t('failover.start', 'Fail over')}
      </DialogButton>
      <DialogButton
        needs="admin"
        variant={isThere ? 'primary' : 'secondary'}
        icon="exchange-alt"
        disabledBecause={
          hasLog(facts) ? null : t('failover.no-switchover', 'All nodes serve: there is no primary to switch over')
        }
        testId={failoverTestIds.switchover}
        dialog={(close) => <SwitchoverFlow service={service} facts={facts} onClose={close} />}
      >
        {t('failover.switchover', 'Switch over')}
      </DialogButton>
    </>
  );
}

function getStyles(theme: GrafanaTheme2) {
  return {
    answer: css({ display: 'flex', gap: theme.spacing(1.5), alignItems: 'flex-start' }),
    headline: css({ ...theme.typography.h3, margin: 0, minWidth: 0, overflowWrap: 'anywhere' }),
    yes: css({ color: theme.colors.success.text, flexShrink: 0 }),
    no: css({ color: theme.colors.error.text, flexShrink: 0 }),
    unknown: css({ color: theme.colors.text.secondary, flexShrink: 0 }),
    list: css({ marginLeft: theme.spacing(2.5), overflowWrap: 'anywhere' }),
  };
}
