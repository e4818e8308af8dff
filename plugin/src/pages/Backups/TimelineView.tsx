import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '../../text.ts';
import { Alert, Combobox, Field, Input, RadioButtonGroup, Stack, useStyles2 } from '@grafana/ui';
import { useId, useState, type ChangeEvent } from 'react';
import { useApiQuery } from '../../api/hooks.ts';
import type { Reply } from '../../api/types.ts';
import { LoadingRows, NothingYet } from '../../components/states.tsx';
import { useNow } from '../../components/useNow.ts';
import type { PitrFacts } from '@genesis-dr/exporter/contract';
import { Time } from '../../components/Time.tsx';
import { partOf, type Part } from '../../lib/facts.ts';
import { formatCount, formatDuration } from '../../lib/format.ts';
import { gapStretches, windowStretches } from '../../lib/pitr.ts';
import type { BackupState } from '../../lib/backup-list.ts';
import { firstSpan, rangeOf, reachAt, timelineSpans, type TimelineSpan } from '../../lib/recoverable.ts';
import { PitrCard } from './PitrCard.tsx';
import { ReachCard } from './ReachCard.tsx';
import { localText } from '../../lib/TimeField.tsx';
import { QueryNotice } from '../../lib/QueryNotice.tsx';
import { Timeline } from './Timeline.tsx';
import { backupTestIds } from './testIds.ts';

type Recoverable = Reply<'recoverable'>;

interface TimelineViewProps {
  readonly state: BackupState;
  readonly services: readonly string[];
  readonly onChange: (change: Partial<BackupState>, options?: { readonly push?: boolean }) => void;
}

/** Back to a moment: which states of a service can be had again, and the restore of the one that a moment leads to. */
export function TimelineView({ state, services, onChange }: TimelineViewProps): React.JSX.Element {
  const service = state.service === '' ? (services[0] ?? '') : state.service;
  const serviceId = useId();
  const facts = useApiQuery(
    'getService',
    { params: { name: service } },
    { enabled: service !== '', keepPrevious: false },
  );
  const known = useApiQuery(
    'recoverable',
    { params: { name: service }, query: { limit: 2000 } },
    { enabled: service !== '', keepPrevious: false },
  );
  return (
    <Stack direction="column" gap={2}>
      <div style={{ maxWidth: 320 }}>
        <Field noMargin label={t('timeline.service', 'Service')} htmlFor={serviceId}>
          <Combobox
            id={serviceId}
            options={services.map((name) => ({ value: name, label: name }))}
            value={service}
            onChange={({ value }) => onChange({ service: value, asOf: '' })}
          />
        </Field>
      </div>
      <QueryNotice
        error={known.error}
        title={t('timeline.failed', 'The recoverable moments could not be read')}
        onRetry={known.refetch}
        stale={known.data !== undefined}
      />
      {known.isLoading && <LoadingRows rows={3} height={44} />}
      {known.data !== undefined && (
        <Recover key={service} known={known.data} pitr={partOf(facts.data?.pitr)} state={state} onChange={onChange} />
      )}
    </Stack>
  );
}

interface RecoverProps extends Omit<TimelineViewProps, 'services'> {
  readonly known: Recoverable;
  readonly pitr: Part<PitrFacts>;
}

function Recover({ known, pitr: part, state, onChange }: RecoverProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  // Half a minute is far below what a drawing of a day can show; the marks need not move every second.
  const nowMs = useNow(30_000);
  const [span, setSpan] = useState<TimelineSpan>(() => firstSpan(known.points, nowMs));
  if (known.points.length === 0)
    return (
      <NothingYet
        what={t('timeline.nothing', 'Nothing of {{service}} can be restored yet', { service: known.service })}
      >
        {known.unusable.length > 0
          ? t('timeline.unusable', '{{number}} backups cannot be used; the newest: {{why}}', {
              number: known.unusable.length,
              why: known.unusable[0]?.why ?? '',
            })
          : t('timeline.first', 'The first backup makes the first moment to go back to.')}
      </NothingYet>
    );
  const pitr = part.kind === 'known' ? part.value : null;
  const newestPoint = known.points.at(-1)?.endedAt ?? known.at;
  const newest = Date.parse(pitr?.newestRestorableAt ?? newestPoint);
  const oldest = pitr?.oldestRestorableAt ?? null;
  const range = rangeOf(
    known.points,
    span,
    Math.max(nowMs, newest, Date.parse(newestPoint)),
    oldest === null ? undefined : Date.parse(oldest),
  );
  const asOfMs = state.asOf === '' ? newest : Date.parse(state.asOf);
  const choose = (ms: number): void => onChange({ asOf: new Date(ms).toISOString() });
  return (
    <div className={styles.panel} data-testid={backupTestIds.timeline}>
      <Stack gap={2} wrap="wrap" alignItems="flex-end">
        <Field noMargin label={t('timeline.span', 'Show')}>
          <RadioButtonGroup
            aria-label={t('timeline.span', 'Show')}
            options={timelineSpans.map((value) => ({ value, label: spanWord(value) }))}
            value={span}
            onChange={setSpan}
          />
        </Field>
        <AsOf ms={asOfMs} onChoose={choose} />
      </Stack>
      <Timeline
        points={known.points}
        gaps={known.gaps}
        log={pitr === null ? null : { windows: windowStretches(pitr.windows), gaps: gapStretches(pitr.gaps, range) }}
        range={range}
        asOfMs={asOfMs}
        onChoose={choose}
      />
      {part.kind === 'unknown' && (
        <Alert severity="warning" title={t('timeline.log-unknown', 'How far back single moments go is not known')}>
          {`${part.why}. ${part.hint}`}
        </Alert>
      )}
      {pitr === null ? <GapWords known={known} /> : <LogWords pitr={pitr} />}
      {pitr === null ? (
        <ReachCard known={known} reach={reachAt(known.points, asOfMs)} asOfMs={asOfMs} onChange={onChange} />
      ) : (
        <PitrCard known={known} pitr={pitr} asOfMs={asOfMs} onChange={onChange} />
      )}
    </div>
  );
}

function spanWord(span: TimelineSpan): string {
  if (span === 'hour') return t('timeline.hour', '1 h');
  if (span === 'day') return t('timeline.day', '24 h');
  if (span === 'week') return t('timeline.week', '7 d');
  return span === 'month' ? t('timeline.month', '30 d') : t('timeline.all', 'All');
}

/** The moment in figures, for those who know it to the second. */
function AsOf({ ms, onChoose }: { readonly ms: number; readonly onChoose: (ms: number) => void }): React.JSX.Element {
  const id = useId();
  const onChange = (event: ChangeEvent<HTMLInputElement>): void => {
    const chosen = new Date(event.currentTarget.value).getTime();
    if (!Number.isNaN(chosen)) onChoose(chosen);
  };
  return (
    <Field noMargin label={t('timeline.as-of', 'As of (local time, {{zone}})', { zone: localZone() })} htmlFor={id}>
      <Input id={id} type="datetime-local" step={1} value={localText(ms)} onChange={onChange} width={28} />
    </Field>
  );
}

/** The field of the browser works in its own zone, whatever zone Grafana shows. */
function localZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function GapWords({ known }: { readonly known: Recoverable }): React.JSX.Element | null {
  const styles = useStyles2(getStyles);
  const allowed = formatDuration(known.allowedSeconds);
  const longest = Math.max(0, ...known.gaps.map(({ seconds }) => seconds));
  return (
    <>
      <p className={styles.words}>
        {known.gaps.length === 0
          ? t('timeline.no-gaps', 'No stretch without a state is longer than {{allowed}}.', { allowed })
          : t(
              'timeline.gaps',
              'Stretches without a state that are longer than {{allowed}}: {{number}}; the longest {{longest}}.',
              {
                number: known.gaps.length,
                allowed,
                longest: formatDuration(longest),
              },
            )}
      </p>
      {known.truncated && (
        <Alert
          severity="info"
          title={t('timeline.truncated', 'There are older moments than those drawn; find them in the list')}
        />
      )}
    </>
  );
}

/** How far single moments reach, and where the log is broken. */
function LogWords({ pitr }: { readonly pitr: PitrFacts }): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const windows = windowStretches(pitr.windows).length;
  const missing = pitr.gaps.reduce((sum, { segments }) => sum + segments, 0);
  return (
    <p className={styles.words}>
      {pitr.oldestRestorableAt === null ? (
        t('timeline.log-none', 'No single moment can be had yet: that takes a backup and the log after it.')
      ) : (
        <>
          {t('timeline.log-from', 'Every second can be had from')} <Time at={pitr.oldestRestorableAt} show="moment" />{' '}
          {t('timeline.log-to', 'to')} <Time at={pitr.newestRestorableAt} />
          {windows > 1 && t('timeline.log-windows', ', in {{number}} windows', { number: windows })}.
        </>
      )}{' '}
      {missing === 0
        ? t('timeline.log-whole', 'No segment of the log is missing.')
        : t('timeline.log-broken', 'Segments of the log that are missing: {{number}}.', {
            number: formatCount(missing),
          })}
    </p>
  );
}

function getStyles(theme: GrafanaTheme2) {
  return {
    panel: css({ display: 'flex', flexDirection: 'column', gap: theme.spacing(1.5), minWidth: 0 }),
    words: css({ margin: 0, color: theme.colors.text.secondary }),
  };
}
