import { css } from '@emotion/css';
import { getTimeZone, type GrafanaTheme2 } from '@grafana/data';
import { t } from '../../text.ts';
import { Alert, Button, Stack, useStyles2 } from '@grafana/ui';
import type { Reply } from '../../api/types.ts';
import { Facts } from '../../components/flow/PlanView.tsx';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { Time } from '../../components/Time.tsx';
import type { BackupState } from '../../lib/backup-list.ts';
import { DialogButton } from '../../lib/DialogButton.tsx';
import { formatBytes, formatCount, formatDuration, formatTime } from '../../lib/format.ts';
import type { Reach } from '../../lib/recoverable.ts';
import { RestoreFlow } from './RestoreFlow.tsx';
import { backupTestIds } from './testIds.ts';
import { drilledWord, typeWord, verifiedWord } from './words.ts';

type Recoverable = Reply<'recoverable'>;
type Point = Recoverable['points'][number];

interface ReachCardProps {
  readonly known: Recoverable;
  readonly reach: Reach;
  readonly asOfMs: number;
  readonly onChange: (change: Partial<BackupState>, options?: { readonly push?: boolean }) => void;
}

/** What a moment leads to: the newest state before it, how far behind it is, and the way there. */
export function ReachCard({ known, reach, asOfMs, onChange }: ReachCardProps): React.JSX.Element {
  const asOf = formatTime(asOfMs, getTimeZone());
  const point = known.points.find(({ backupId }) => backupId === reach.point?.backupId);
  if (point === undefined)
    return (
      <div data-testid={backupTestIds.reach} data-backup="">
        <Alert severity="warning" title={t('reach.nothing', 'Nothing was kept at or before {{asOf}}', { asOf })}>
          {reach.later !== null && (
            <Button variant="secondary" onClick={() => onChange({ asOf: reach.later?.endedAt ?? '' })}>
              {t('reach.oldest', 'Take the oldest state')}
            </Button>
          )}
        </Alert>
      </div>
    );
  return (
    <Reached
      service={known.service}
      point={point}
      behindSeconds={reach.behindSeconds ?? 0}
      asOf={asOf}
      onChange={onChange}
    />
  );
}

interface ReachedProps {
  readonly service: string;
  readonly point: Point;
  readonly behindSeconds: number;
  readonly asOf: string;
  readonly onChange: ReachCardProps['onChange'];
}

function Reached({ service, point, behindSeconds, asOf, onChange }: ReachedProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const verified = verifiedWord(point.verified === 'passed' ? 'passed' : null);
  const drilled = drilledWord(point.drilledAt);
  const { backupId: id, components, copies } = point;
  return (
    <section
      className={styles.card}
      aria-live="polite"
      aria-label={t('reach.label', 'What this moment leads to')}
      data-testid={backupTestIds.reach}
      data-backup={id}
    >
      <h3 className={styles.heading}>{t('reach.title', 'As of {{asOf}}', { asOf })}</h3>
      <Facts
        rows={[
          [t('reach.data-of', 'Data of'), <Time key="at" at={point.dataAt} />],
          [
            t('reach.behind', 'Written since then and not in it'),
            behindSeconds < 1
              ? t('reach.exact', 'nothing: exactly this moment')
              : t('reach.lost', 'the last {{time}} before this moment', { time: formatDuration(behindSeconds) }),
          ],
          [t('reach.backup', 'Backup'), `${typeWord(point.type)}, ${id}`],
          [t('reach.size', 'Data to restore'), formatBytes(point.bytes)],
          [
            t('reach.proof', 'Proof'),
            <Stack key="proof" gap={0.5} wrap="wrap">
              <StatusBadge tone={verified.tone} text={verified.text} />
              <StatusBadge tone={drilled.tone} text={drilled.text} />
            </Stack>,
          ],
          [t('reach.reads', 'Backups that a restore reads'), formatCount(point.chainLength)],
        ]}
      />
      <Stack gap={1} wrap="wrap">
        <DialogButton
          needs="operate"
          variant="primary"
          icon="history"
          testId={backupTestIds.restore}
          dialog={(close) => <RestoreFlow source={{ id, service, components, copies }} picked={null} onClose={close} />}
        >
          {t('reach.restore', 'Restore this state')}
        </DialogButton>
        <Button
          variant="secondary"
          icon="folder-open"
          onClick={() => onChange({ backup: id, tab: 'files' }, { push: true })}
        >
          {t('reach.files', 'Find a file in it')}
        </Button>
        <Button
          variant="secondary"
          icon="info-circle"
          onClick={() => onChange({ backup: id, tab: 'details' }, { push: true })}
        >
          {t('reach.details', 'Details')}
        </Button>
      </Stack>
    </section>
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
