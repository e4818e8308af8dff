import { t } from '../../text.ts';
import { Stack, Text, useTheme2 } from '@grafana/ui';
import type { Service } from '../../api/types.ts';
import { Grid, Panel } from '../../components/Panel.tsx';
import { StatusBadge, type Tone } from '../../components/StatusBadge.tsx';
import { formatPercent } from '../../lib/format.ts';

type Reading = Service['readiness'];
type Check = Reading['checks'][number];

/** Without what weighs this much there is no recovery; lighter points make one harder. */
const vitalWeight = 4;

function toneOf({ result, weight }: Check): Tone {
  if (result === 'passed') return 'good';
  if (result === 'unknown') return 'unknown';
  return weight >= vitalWeight ? 'bad' : 'attention';
}

/** Every question the score is made of, by what it is about, with the fact and the mend. */
export function Readiness({ readiness }: { readonly readiness: Reading }): React.JSX.Element {
  return (
    <Panel
      title={t('readiness.title', 'Readiness {{score}}', { score: formatPercent(readiness.score, 0) })}
      aside={
        <Text variant="bodySmall" color="secondary">
          {t('readiness.rule', 'Earned weight over total weight; what is not known earns nothing')}
        </Text>
      }
    >
      <Grid minWidth={320}>
        {readiness.components.map(({ component, score }) => (
          <Component
            key={component}
            component={component}
            score={score}
            checks={readiness.checks.filter((check) => check.component === component)}
          />
        ))}
      </Grid>
    </Panel>
  );
}

interface ComponentProps {
  readonly component: string;
  readonly score: number;
  readonly checks: readonly Check[];
}

function Component({ component, score, checks }: ComponentProps): React.JSX.Element {
  const theme = useTheme2();
  return (
    <section aria-label={component} style={{ minWidth: 0 }}>
      <Text element="h3" variant="h6">
        {`${component.charAt(0).toUpperCase()}${component.slice(1)} ${formatPercent(score, 0)}`}
      </Text>
      <ul
        style={{ listStyle: 'none', margin: 0, display: 'grid', gap: theme.spacing(1), paddingTop: theme.spacing(1) }}
      >
        {checks.map((check) => (
          <li key={check.id} style={{ overflowWrap: 'anywhere' }}>
            <Stack gap={1} alignItems="flex-start">
              <span style={{ flexShrink: 0 }}>
                <StatusBadge tone={toneOf(check)} text={resultWord(check.result)} tooltip={check.id} />
              </span>
              <span>
                <Text variant="bodySmall">{check.evidence}</Text>
                {check.result === 'passed' || check.mend === null ? null : (
                  <div>
                    <Text variant="bodySmall" color="secondary">
                      {t('readiness.mend', 'Mend: {{mend}}', { mend: check.mend })}
                    </Text>
                  </div>
                )}
              </span>
            </Stack>
          </li>
        ))}
      </ul>
    </section>
  );
}

function resultWord(result: Check['result']): string {
  if (result === 'passed') return t('readiness.passed', 'Passed');
  if (result === 'failed') return t('readiness.failed', 'Not met');
  return t('readiness.unknown', 'Not known');
}
