import { cancelEffect } from '@genesis-dr/exporter/contract/client';
import { t } from '../../text.ts';
import { LinkButton, Stack, Text, TextLink, useTheme2 } from '@grafana/ui';
import { useApiQuery, useOperation } from '../../api/hooks.ts';
import type { Operation } from '../../api/types.ts';
import { isFailoverKind, moveResult, type MoveResult } from '../../lib/failover-view.ts';
import { formatBytes, formatDuration, formatRate, humanBytes } from '../../lib/format.ts';
import {
  backupOf,
  cancelRefusal,
  elapsedSeconds,
  isInPlace,
  progressShare,
  restoredFolderOf,
  stepViews,
  type StepView,
} from '../../lib/operation-view.ts';
import { operationUrl, pageUrl } from '../../pages/index.ts';
import { may } from '../permissions.ts';
import { ErrorNotice, LoadingRows } from '../states.tsx';
import { OperationBadge, StatusBadge, type Tone } from '../StatusBadge.tsx';
import { testIds } from '../testIds.ts';
import { useNow } from '../useNow.ts';
import { ActionButton } from './ActionButton.tsx';
import { ApprovalPart } from './ApprovalPart.tsx';
import { Facts } from './PlanView.tsx';

/** An operation while it runs and after it has ended. Reads by id, so it survives a reload; used by the flow and by Operations. */
export function OperationProgress({
  id,
  standalone = false,
}: {
  readonly id: string;
  readonly standalone?: boolean;
}): React.JSX.Element {
  const { data, error, refetch } = useOperation(id);
  if (data === undefined && error === null) return <LoadingRows rows={4} height={24} />;
  return (
    <div data-testid={testIds.flow.progress} data-state={data?.state ?? 'unknown'}>
      <Stack direction="column" gap={2}>
        {error === null ? null : (
          <ErrorNotice
            error={error}
            title={t('operation.unread', 'The operation could not be read')}
            stale={data !== undefined}
            onRetry={refetch}
          />
        )}
        {data === undefined ? null : <OperationView operation={data} standalone={standalone} />}
      </Stack>
    </div>
  );
}

function OperationView({
  operation,
  standalone,
}: {
  readonly operation: Operation;
  readonly standalone: boolean;
}): React.JSX.Element {
  const now = useNow();
  const cancel = cancelEffect(operation);
  const elapsed = elapsedSeconds(operation, now);
  return (
    <>
      <Stack gap={1} alignItems="center" wrap="wrap">
        <OperationBadge state={operation.state} />
        <Text color="secondary">
          <span aria-live="polite">{operation.progress === null ? operation.id : phaseText(operation)}</span>
        </Text>
      </Stack>
      {operation.progress === null ? null : <ProgressBar operation={operation} />}
      <ApprovalPart operation={operation} />
      <Steps steps={stepViews(operation, now)} />
      {elapsed === null ? null : (
        <Text color="secondary">
          {operation.endedAt === null
            ? t('operation.soFar', 'Time so far: {{time}}', { time: formatDuration(Math.floor(elapsed)) })
            : t('operation.took', 'Took {{time}}', { time: formatDuration(elapsed) })}
        </Text>
      )}
      {operation.error === null ? null : <Failed operation={operation} />}
      {cancel === null || !cancel.possible || isInPlace(operation) ? null : (
        <CancelButton operation={operation} effect={cancel.effect} />
      )}
      {operation.endedAt === null ? null : <Result operation={operation} />}
      {standalone ? null : (
        <TextLink href={operationUrl(operation.id)} inline={false}>
          {t('operation.open', 'Open this operation')}
        </TextLink>
      )}
    </>
  );
}

function phaseText({ progress }: Operation): string {
  if (progress === null) return '';
  return t('operation.phase', '{{phase}}: {{entries}} entries', {
    phase: progress.phase,
    entries: progress.entriesDone,
  });
}

function ProgressBar({ operation }: { readonly operation: Operation }): React.JSX.Element | null {
  const theme = useTheme2();
  const { progress } = operation;
  if (progress === null) return null;
  const share = progressShare(progress);
  const parts = [
    progress.bytesTotal === null
      ? t('operation.bytes', '{{done}} done', { done: formatBytes(progress.bytesDone) })
      : t('operation.bytesOf', '{{done}} of {{total}}', {
          done: formatBytes(progress.bytesDone),
          total: formatBytes(progress.bytesTotal),
        }),
    progress.bytesPerSecond === null ? null : formatRate(progress.bytesPerSecond),
    progress.secondsLeft === null
      ? t('operation.leftUnknown', 'time left not known')
      : t('operation.left', '{{time}} left', { time: formatDuration(Math.max(1, Math.round(progress.secondsLeft))) }),
  ].filter((part) => part !== null);
  return (
    <Stack direction="column" gap={0.5}>
      {share === null ? null : (
        <div
          role="progressbar"
          aria-label={t('operation.progress', 'Progress')}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(share * 100)}
          style={{ height: 8, background: theme.colors.background.secondary, borderRadius: theme.shape.radius.pill }}
        >
          <div
            style={{
              width: `${share * 100}%`,
              height: '100%',
              background: theme.colors.primary.main,
              borderRadius: theme.shape.radius.pill,
            }}
          />
        </div>
      )}
      <Text variant="bodySmall">{parts.join(' · ')}</Text>
    </Stack>
  );
}

const tones: Record<StepView['state'], Tone> = {
  running: 'running',
  succeeded: 'good',
  failed: 'bad',
  unfinished: 'attention',
};

function Steps({ steps }: { readonly steps: readonly StepView[] }): React.JSX.Element {
  const theme = useTheme2();
  return (
    <ol style={{ listStyle: 'none', margin: 0, display: 'grid', gap: theme.spacing(0.75) }} aria-live="polite">
      {steps.map((step) => (
        <li key={`${step.name}-${step.startedAt}`}>
          <Stack gap={1} alignItems="center" wrap="wrap">
            <StatusBadge tone={tones[step.state]} text={stepWord(step.state)} />
            <span>{step.name}</span>
            {step.seconds === null ? null : <Text color="secondary">{formatDuration(step.seconds)}</Text>}
            {step.detail === null ? null : (
              <span style={{ color: theme.colors.text.secondary, overflowWrap: 'anywhere' }}>
                {humanBytes(step.detail)}
              </span>
            )}
          </Stack>
        </li>
      ))}
    </ol>
  );
}

function stepWord(state: StepView['state']): string {
  switch (state) {
    case 'running':
      return t('step.running', 'Running');
    case 'succeeded':
      return t('step.succeeded', 'Done');
    case 'failed':
      return t('step.failed', 'Failed');
    default:
      return t('step.unfinished', 'Not finished');
  }
}

function Failed({ operation }: { readonly operation: Operation }): React.JSX.Element | null {
  if (operation.error === null) return null;
  const { message, hint } = operation.error;
  return (
    <Stack direction="column" gap={0.5}>
      <Text color="error">{message}</Text>
      <Text>{t('error.hint', 'What helps: {{hint}}.', { hint })}</Text>
    </Stack>
  );
}

function CancelButton({
  operation,
  effect,
}: {
  readonly operation: Operation;
  readonly effect: string;
}): React.JSX.Element {
  const me = useApiQuery('me');
  const role = may('admin') ? 'admin' : may('operate') ? 'operator' : 'viewer';
  // Who it is comes from the exporter; until it has answered, an operator is not offered what may be refused.
  const refusal = cancelRefusal(operation, { name: me.data?.name ?? '', role });
  return (
    <div>
      <ActionButton
        {...(refusal === 'others'
          ? { disabledBecause: t('operation.cancelOthers', 'Somebody else started it: only an admin may cancel it.') }
          : {})}
        spec={{
          id: 'cancelOperation',
          params: { id: operation.id },
          // Operators may cancel only what they started; whoever may do more uses it at once.
          ...(may('admin') ? { as: 'admin' } : {}),
          title: t('operation.cancelTitle', 'Cancel {{id}}', { id: operation.id }),
          verb: t('operation.cancelVerb', 'Cancel the operation'),
          service: operation.service,
          effects: [t('operation.cancelEffect', 'What it leaves: {{effect}}', { effect })],
          destructive: true,
        }}
        variant="destructive"
        fill="outline"
        size="sm"
        testId={testIds.flow.cancelOperation}
      >
        {t('operation.cancel', 'Cancel operation')}
      </ActionButton>
    </div>
  );
}

function Result({ operation }: { readonly operation: Operation }): React.JSX.Element {
  const backup = backupOf(operation);
  const folder = restoredFolderOf(operation);
  const move = moveResult(operation);
  return (
    <div data-testid={testIds.flow.result} role="status">
      <Stack direction="column" gap={1}>
        {folder === null ? null : (
          <Facts
            rows={[
              [
                t('operation.folder', 'Restored into'),
                <code key="folder" style={{ whiteSpace: 'normal', overflowWrap: 'anywhere' }}>
                  {folder}
                </code>,
              ],
            ]}
          />
        )}
        {move === null ? null : <Moved move={move} />}
        <Stack gap={1} wrap="wrap">
          {isFailoverKind(operation.kind) ? (
            <LinkButton size="sm" variant="secondary" href={pageUrl('failover', { service: operation.service })}>
              {t('operation.failover', 'See who serves now')}
            </LinkButton>
          ) : null}
          {operation.kind === 'scale' ? (
            <LinkButton size="sm" variant="secondary" href={pageUrl('scaling', { service: operation.service })}>
              {t('operation.scaling', 'See the instances')}
            </LinkButton>
          ) : null}
          {backup === null ? null : (
            <LinkButton size="sm" variant="secondary" href={pageUrl('backups', { backup })}>
              {t('operation.backup', 'Open the backup')}
            </LinkButton>
          )}
          {operation.kind === 'drill' ? (
            <LinkButton
              size="sm"
              variant="secondary"
              href={pageUrl('drills', { service: operation.service, drill: operation.id })}
            >
              {t('operation.evidence', 'See the evidence')}
            </LinkButton>
          ) : null}
          {may('admin') ? (
            <LinkButton size="sm" variant="secondary" href={pageUrl('audit', { operationId: operation.id })}>
              {t('operation.audit', 'Find it in the audit log')}
            </LinkButton>
          ) : null}
        </Stack>
      </Stack>
    </div>
  );
}

/** Who serves now, and what the move has cost. */
function Moved({ move }: { readonly move: MoveResult }): React.JSX.Element {
  const unknown = t('time.unknown', 'not known');
  const bytes = (value: number | null): string => (value === null ? unknown : formatBytes(value));
  return (
    <>
      <Facts
        rows={[
          [t('moved.from', 'Primary before'), move.from ?? unknown],
          [t('moved.to', 'Primary now'), move.to === null ? unknown : <strong key="to">{move.to}</strong>],
          [t('moved.predicted', 'Loss that was predicted'), bytes(move.predictedBytes)],
          [t('moved.measured', 'Loss that was measured'), bytes(move.measuredBytes)],
        ]}
      />
      {move.warnings.map((warning) => (
        <Text key={warning} color="warning">
          {warning}
        </Text>
      ))}
    </>
  );
}
