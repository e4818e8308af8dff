import { css } from '@emotion/css';
import type { DrillLevel, DrillPhase } from '@genesis-dr/exporter/contract';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '../../text.ts';
import { useStyles2 } from '@grafana/ui';
import type { Drill } from '../../api/types.ts';
import { StatusBadge, type Tone } from '../../components/StatusBadge.tsx';
import { phaseShares } from '../../lib/drill-levels.ts';
import { formatDuration } from '../../lib/format.ts';
import { drillTestIds } from './testIds.ts';

/** What was proven of a database, level by level, each resting on the one before. */
export function Levels({ drill }: { readonly drill: Drill }): React.JSX.Element | null {
  const styles = useStyles2(getStyles);
  const levels = drill.levels ?? [];
  if (levels.length === 0) return null;
  return (
    <div data-testid={drillTestIds.levels}>
      <h3 className={styles.heading}>{t('levels.title', 'What was proven')}</h3>
      <ol className={styles.list}>
        {levels.map((level) => (
          <Level key={level.level} level={level} />
        ))}
      </ol>
    </div>
  );
}

const tones: Readonly<Record<DrillLevel['result'], Tone>> = { passed: 'good', failed: 'bad', skipped: 'unknown' };

function Level({ level: { level, name, result, seconds, detail } }: { readonly level: DrillLevel }): React.JSX.Element {
  const styles = useStyles2(getStyles);
  return (
    <li className={styles.level} data-level={level} data-result={result}>
      <span className={styles.head}>
        <StatusBadge tone={tones[result]} text={resultWord(result)} />
        <strong>{t('levels.level', 'Level {{level}}: {{name}}', { level, name })}</strong>
        {result !== 'skipped' && <span className={styles.words}>{formatDuration(seconds)}</span>}
      </span>
      <div className={styles.detail}>{detail}</div>
    </li>
  );
}

function resultWord(result: DrillLevel['result']): string {
  if (result === 'passed') return t('levels.passed', 'Passed');
  return result === 'failed' ? t('levels.failed', 'Failed') : t('levels.skipped', 'Not done');
}

/** Where the measured time went. */
export function Phases({ drill }: { readonly drill: Drill }): React.JSX.Element | null {
  const styles = useStyles2(getStyles);
  const phases = phaseShares(drill.phases);
  if (phases.length === 0) return null;
  return (
    <div>
      <h3 className={styles.heading}>{t('phases.title', 'Where the time went')}</h3>
      <ul className={styles.phases}>
        {phases.map(({ name, seconds, share }) => (
          <li key={name} className={styles.phase}>
            <span>{phaseWord(name)}</span>
            <span className={styles.bar} aria-hidden>
              <span className={styles.fill} style={{ width: `${share * 100}%` }} />
            </span>
            <span className={styles.seconds}>{formatDuration(seconds)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function phaseWord(name: DrillPhase['name']): string {
  switch (name) {
    case 'restore':
      return t('phases.restore', 'Restore');
    case 'start':
      return t('phases.start', 'Start');
    case 'recover':
      return t('phases.recover', 'Replay of the log');
    default:
      return t('phases.check', 'Checks');
  }
}

function getStyles(theme: GrafanaTheme2) {
  return {
    heading: css({ ...theme.typography.h5, margin: theme.spacing(0, 0, 0.5) }),
    words: css({ color: theme.colors.text.secondary }),
    list: css({ listStyle: 'none', margin: 0, display: 'grid', gap: theme.spacing(1) }),
    level: css({ minWidth: 0 }),
    head: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(1), alignItems: 'center' }),
    detail: css({ color: theme.colors.text.secondary, overflowWrap: 'anywhere' }),
    phases: css({ listStyle: 'none', margin: 0, display: 'grid', gap: theme.spacing(0.5) }),
    phase: css({ display: 'grid', gridTemplateColumns: '8em 1fr 6em', gap: theme.spacing(1), alignItems: 'center' }),
    bar: css({ height: 8, background: theme.colors.background.secondary, borderRadius: theme.shape.radius.pill }),
    fill: css({
      display: 'block',
      height: '100%',
      background: theme.colors.primary.main,
      borderRadius: theme.shape.radius.pill,
    }),
    seconds: css({ textAlign: 'right', fontVariantNumeric: 'tabular-nums' }),
  };
}
