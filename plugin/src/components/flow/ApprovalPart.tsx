import { t } from '../../text.ts';
import { Alert, Stack } from '@grafana/ui';
import { approvalUntil } from '../../api/failover.ts';
import { useApiQuery } from '../../api/hooks.ts';
import type { Operation } from '../../api/types.ts';
import { formatDuration } from '../../lib/format.ts';
import { isLive, startedBy } from '../../lib/operation-view.ts';
import { testIds } from '../testIds.ts';
import { useNow } from '../useNow.ts';
import { ActionButton } from './ActionButton.tsx';

/** An operation that waits for a second person, with the two answers that person can give. */
export function ApprovalPart({ operation }: { readonly operation: Operation }): React.JSX.Element | null {
  const until = approvalUntil(operation);
  if (until === null || !isLive(operation)) return null;
  return <Waiting operation={operation} expiresAt={until} />;
}

function Waiting({
  operation,
  expiresAt,
}: {
  readonly operation: Operation;
  readonly expiresAt: string;
}): React.JSX.Element {
  const left = (Date.parse(expiresAt) - useNow()) / 1000;
  return (
    <div data-testid={testIds.approval.part}>
      <Alert severity="info" bottomSpacing={0} title={t('approval.waits', 'Waits for a second person')}>
        <Stack direction="column" gap={1}>
          <span>
            {t('approval.asked', '{{name}} asks for it: {{reason}}', {
              name: operation.actor.name,
              reason: operation.reason ?? t('operation.no-reason', 'none given'),
            })}
          </span>
          <span>
            {left > 0
              ? t('approval.left', 'Nothing has been done. It is refused by itself in {{time}}.', {
                  time: formatDuration(Math.ceil(left)),
                })
              : t('approval.over', 'The time to approve it is over: it is being refused.')}
          </span>
          <Stack gap={1} wrap="wrap">
            <AnswerButton operation={operation} approve />
            <AnswerButton operation={operation} approve={false} />
          </Stack>
        </Stack>
      </Alert>
    </div>
  );
}

/** Why this person's approval would be refused, as far as the page can know; the exporter decides. */
function useRefusal(operation: Operation): string | null {
  const me = useApiQuery('me');
  if (me.data === undefined) return null;
  const { name, identity } = me.data;
  if (startedBy(operation, name)) return t('approval.own', 'You asked for it yourself: another person has to approve');
  if (identity.verified === false)
    return t(
      'approval.unverified',
      'Nobody has proven who you are here: an identity that is not verified cannot approve',
    );
  return null;
}

function AnswerButton({
  operation,
  approve,
}: {
  readonly operation: Operation;
  readonly approve: boolean;
}): React.JSX.Element {
  const refusal = useRefusal(operation);
  const { id, service } = operation;
  return (
    <ActionButton
      spec={{
        id: 'approveOperation',
        params: { id },
        body: { approve },
        service,
        reason: 'required',
        ...(approve
          ? {
              title: t('approval.approve-title', 'Approve {{id}}', { id }),
              verb: t('approval.approve-verb', 'Approve'),
              effects: [
                t('approval.approve-effect', 'It begins at once, and your name stands beside the one who asked'),
              ],
              destructive: true,
            }
          : {
              title: t('approval.refuse-title', 'Refuse {{id}}', { id }),
              verb: t('approval.refuse-verb', 'Refuse'),
              effects: [t('approval.refuse-effect', 'It ends without having begun')],
            }),
      }}
      disabledBecause={refusal}
      variant={approve ? 'primary' : 'secondary'}
      size="sm"
      testId={approve ? testIds.approval.approve : testIds.approval.refuse}
    >
      {approve ? t('approval.approve-verb', 'Approve') : t('approval.refuse-verb', 'Refuse')}
    </ActionButton>
  );
}
