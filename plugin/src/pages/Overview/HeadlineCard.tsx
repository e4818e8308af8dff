import { t } from '../../text.ts';
import { Icon, Stack, Text, TextLink, useTheme2, type IconName } from '@grafana/ui';
import { useConnection } from '../../api/hooks.ts';
import type { Status } from '../../api/types.ts';
import { testIds } from '../../components/testIds.ts';
import { Time } from '../../components/Time.tsx';
import { verdictTones } from '../../components/verdict.tsx';
import type { Headline } from '../../lib/overview.ts';
import { pageUrl } from '../index.ts';

const icons = {
  good: 'check-circle',
  attention: 'exclamation-triangle',
  bad: 'times-circle',
  unknown: 'question-circle',
  running: 'sync',
  neutral: 'info-circle',
} as const satisfies Record<string, IconName>;

/** The one sentence for 3 a.m., with a colour, an icon and words. */
export function HeadlineCard({
  headline,
  status,
}: {
  readonly headline: Headline;
  readonly status: Status | undefined;
}): React.JSX.Element {
  const theme = useTheme2();
  const { failingSince } = useConnection();
  // What was true when the exporter last answered is not what is true now.
  const isKnown = failingSince === null;
  const tone = isKnown ? verdictTones[headline.answer] : 'unknown';
  const color = {
    good: theme.colors.success,
    attention: theme.colors.warning,
    bad: theme.colors.error,
    unknown: theme.colors.secondary,
    running: theme.colors.info,
    neutral: theme.colors.info,
  }[tone];
  return (
    <div
      data-testid={testIds.overview.headline}
      data-answer={isKnown ? headline.answer : 'unknown'}
      style={{
        borderLeft: `${theme.spacing(0.75)} solid ${color.main}`,
        background: theme.colors.background.primary,
        borderRadius: theme.shape.radius.default,
        padding: theme.spacing(2),
      }}
    >
      <Stack gap={2} alignItems="flex-start">
        <span style={{ color: color.text, flexShrink: 0 }}>
          <Icon name={icons[tone]} size="xxl" />
        </span>
        <Stack direction="column" gap={0.5}>
          <Text element="h2" variant="h3">
            {isKnown ? sentence(headline) : t('headline.lost', 'Not known now: the exporter does not answer')}
          </Text>
          <Text color="secondary">
            {isKnown
              ? countsText(headline)
              : t('headline.lastKnown', 'Last known: {{counts}}', { counts: countsText(headline) })}
          </Text>
          {status === undefined ? null : <Health status={status} />}
        </Stack>
      </Stack>
    </div>
  );
}

function sentence({ answer, total, recoverable }: Headline): string {
  if (answer === 'yes')
    return total === 1
      ? t('headline.yesOne', 'The service could be recovered now')
      : t('headline.yes', 'All {{total}} services could be recovered now', { total });
  if (recoverable === total)
    return t('headline.gaps', 'Recoverable, with gaps: {{recoverable}} of {{total}} could be recovered now', {
      recoverable,
      total,
    });
  return t('headline.some', '{{recoverable}} of {{total}} could be recovered now', { recoverable, total });
}

function countsText({ counts }: Headline): string {
  const words: [number, string][] = [
    [counts.no, t('headline.no', 'not recoverable')],
    [counts.unknown, t('headline.unknown', 'not known')],
    [counts.unproven, t('headline.unproven', 'not proven by a drill')],
    [counts.gaps, t('headline.withGaps', 'with gaps')],
    [counts.yes, t('headline.ok', 'recoverable')],
  ];
  return words
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(' · ');
}

/** Parts of the exporter that are not healthy, in its own words. */
function Health({ status }: { readonly status: Status }): React.JSX.Element {
  const reasons = Object.values(status.components).flatMap((component) => component.reasons);
  return (
    <Text variant="bodySmall" color="secondary">
      {t('headline.cluster', 'Cluster {{cluster}}, exporter {{version}}, observed', {
        cluster: status.cluster,
        version: status.version,
      })}{' '}
      <Time at={status.at} show="age" absent={t('headline.notObserved', 'not yet')} />
      {reasons.length === 0 ? null : (
        <>
          {' · '}
          <TextLink href={pageUrl('sla')} variant="bodySmall">
            {t('headline.levels', 'service levels')}
          </TextLink>
        </>
      )}
    </Text>
  );
}
