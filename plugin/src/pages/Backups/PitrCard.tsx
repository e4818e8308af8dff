import { css } from '@emotion/css';
import { getTimeZone, type GrafanaTheme2 } from '@grafana/data';
import type { PitrFacts, RecoveryTarget } from '@genesis-dr/exporter/contract';
import { t } from '../../text.ts';
import { Alert, Button, Stack, useStyles2 } from '@grafana/ui';
import type { Reply } from '../../api/types.ts';
import { Facts } from '../../components/flow/PlanView.tsx';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { Time } from '../../components/Time.tsx';
import type { BackupState } from '../../lib/backup-list.ts';
import { DialogButton } from '../../lib/DialogButton.tsx';
import { formatBytes, formatCount, formatDuration, formatTime } from '../../lib/format.ts';
import { baseOf, mainRepository, nearestReachable, pitrMoment, type PitrMoment } from '../../lib/pitr.ts';
import { RestoreFlow } from './RestoreFlow.tsx';
import { backupTestIds } from './testIds.ts';
import { drilledWord, typeWord, verifiedWord } from './words.ts';

type Recoverable = Reply<'recoverable'>;
type Point = Recoverable['points'][number];

interface PitrCardProps {
  readonly known: Recoverable;
  readonly pitr: PitrFacts;
  readonly asOfMs: number;
  readonly onChange: (change: Partial<BackupState>, options?: { readonly push?: boolean }) => void;
}

/** What a moment leads to where the log is kept: exactly this second, or what is nearest to it. */
export function PitrCard({ known, pitr, asOfMs, onChange }: PitrCardProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const asOf = formatTime(asOfMs, getTimeZone());
  const moment = pitrMoment(pitr, asOfMs);
  const base = baseOf(known.points, asOfMs);
  return (
    <section
      className={styles.card}
      aria-live="polite"
      aria-label={t('reach.label', 'What this moment leads to')}
      data-testid={backupTestIds.reach}
      data-backup={base?.backupId ?? ''}
      data-moment={moment.kind}
    >
      <h3 className={styles.heading}>{t('reach.title', 'As of {{asOf}}', { asOf })}</h3>
      {moment.kind !== 'exact' && <NotExact pitr={pitr} moment={moment} asOfMs={asOfMs} onChange={onChange} />}
      {base === null && (
        <p>
          {t(
            'pitr.no-base',
            'The backup that the replay would begin with is not among those drawn here; find it in the list of all backups.',
          )}
        </p>
      )}
      {base !== null && (
        <>
          <Facts rows={rowsOf(moment, base, asOfMs)} />
          <Buttons
            service={known.service}
            base={base}
            recovery={
              moment.kind === 'exact' ? { type: 'time', at: new Date(asOfMs).toISOString() } : { type: 'immediate' }
            }
            onChange={onChange}
          />
        </>
      )}
    </section>
  );
}

interface NotExactProps extends Omit<PitrCardProps, 'known'> {
  readonly moment: Exclude<PitrMoment, { kind: 'exact' }>;
}

function NotExact({ pitr, moment, asOfMs, onChange }: NotExactProps): React.JSX.Element {
  const nearest = nearestReachable(pitr, asOfMs);
  return (
    <>
      <Alert
        severity={moment.kind === 'gap' ? 'error' : 'warning'}
        title={
          moment.kind === 'gap'
            ? t('pitr.gap', 'This moment cannot be had: the log is broken here')
            : t('pitr.outside', 'This moment lies outside of what the log reaches')
        }
      >
        {moment.kind === 'gap' && (
          <p>
            {t('pitr.gap-segments', 'Missing from {{repository}}: {{number}} segments, {{first}} to {{last}}.', {
              repository: moment.gap.repository,
              number: formatCount(moment.gap.segments),
              first: moment.gap.firstSegment,
              last: moment.gap.lastSegment,
            })}
          </p>
        )}
      </Alert>
      {nearest !== null && (
        <div>
          <p>
            {t('pitr.nearest', 'The nearest that can be had:')} <Time at={nearest} />
          </p>
          <Button variant="secondary" onClick={() => onChange({ asOf: new Date(nearest).toISOString() })}>
            {t('pitr.take-nearest', 'Take the nearest')}
          </Button>
        </div>
      )}
    </>
  );
}

function rowsOf(moment: PitrMoment, base: Point, asOfMs: number): readonly (readonly [string, React.ReactNode])[] {
  const verified = verifiedWord(base.verified === 'passed' ? 'passed' : null);
  const drilled = drilledWord(base.drilledAt);
  const isExact = moment.kind === 'exact';
  const behind = (asOfMs - Date.parse(base.endedAt)) / 1000;
  return [
    [t('reach.data-of', 'Data of'), isExact ? <Time key="at" at={asOfMs} /> : <Time key="at" at={base.endedAt} />],
    [
      t('reach.behind', 'Written since then and not in it'),
      isExact
        ? t('reach.exact', 'nothing: exactly this moment')
        : t('reach.lost', 'the last {{time}} before this moment', { time: formatDuration(Math.max(0, behind)) }),
    ],
    [
      t('pitr.replay', 'Log to replay'),
      isExact
        ? t('pitr.replay-of', '{{time}} on timeline {{timeline}}', {
            time: formatDuration(Math.max(0, behind)),
            timeline: moment.window.timeline,
          })
        : t('pitr.replay-none', 'none beyond the backup itself'),
    ],
    [t('reach.backup', 'Backup'), `${typeWord(base.type)}, ${base.backupId}`],
    ...(isExact && moment.window.repository !== mainRepository
      ? [[t('pitr.from', 'Reached only from'), moment.window.repository] as const]
      : []),
    [t('reach.size', 'Data to restore'), formatBytes(base.bytes)],
    [
      t('reach.proof', 'Proof'),
      <Stack key="proof" gap={0.5} wrap="wrap">
        <StatusBadge tone={verified.tone} text={verified.text} />
        <StatusBadge tone={drilled.tone} text={drilled.text} />
      </Stack>,
    ],
  ];
}

interface ButtonsProps {
  readonly service: string;
  readonly base: Point;
  readonly recovery: RecoveryTarget;
  readonly onChange: PitrCardProps['onChange'];
}

function Buttons({ service, base, recovery, onChange }: ButtonsProps): React.JSX.Element {
  const { backupId: id, components, copies } = base;
  return (
    <Stack gap={1} wrap="wrap">
      <DialogButton
        needs="operate"
        variant="primary"
        icon="history"
        testId={backupTestIds.restore}
        dialog={(close) => (
          <RestoreFlow source={{ id, service, components, copies }} picked={null} recovery={recovery} onClose={close} />
        )}
      >
        {recovery.type === 'time'
          ? t('pitr.restore', 'Restore this moment')
          : t('pitr.restore-backup', 'Restore the backup before it')}
      </DialogButton>
      <Button
        variant="secondary"
        icon="info-circle"
        onClick={() => onChange({ backup: id, tab: 'details' }, { push: true })}
      >
        {t('reach.details', 'Details')}
      </Button>
    </Stack>
  );
}

function getStyles(theme: GrafanaTheme2) {
  return {
    card: css({
      display: 'flex',
      flexDirection: 'column',
      gap: theme.spacing(2),
      padding: theme.spacing(2),
      background: theme.colors.background.secondary,
      borderRadius: theme.shape.radius.default,
    }),
    heading: css({ ...theme.typography.h5, margin: 0 }),
  };
}
