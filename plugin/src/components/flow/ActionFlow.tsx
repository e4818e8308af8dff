import { t } from '../../text.ts';
import { Alert, Button, Field, Input, Modal, Stack, TextArea } from '@grafana/ui';
import { useEffect, useId, useRef } from 'react';
import type { PlanReply } from '../../api/types.ts';
import { missingPermission } from '../permissions.ts';
import { ErrorNotice, LoadingRows } from '../states.tsx';
import { testIds } from '../testIds.ts';
import { OperationProgress } from './OperationProgress.tsx';
import { Effects, PlanView } from './PlanView.tsx';
import { prefixOf, type ActionSpec, type ChangingAction } from './spec.ts';
import { useFlow, type Flow } from './useFlow.ts';

interface ActionFlowProps<K extends ChangingAction> {
  /** Null: nothing is open. */
  readonly spec: ActionSpec<K> | null;
  readonly onClose: () => void;
  /** Choices above the plan (type of backup, target of a restore); a change of the spec makes a new plan. */
  readonly options?: React.ReactNode;
  /** Choices that make sense only after the plan was read, e.g. to go on in spite of what it says. */
  readonly afterPlan?: (plan: PlanReply | undefined) => React.ReactNode;
}

/** The one way in which anything is done: plan, reason and confirmation, one request, progress, result with links. */
export function ActionFlow<K extends ChangingAction>({ spec, ...rest }: ActionFlowProps<K>): React.JSX.Element | null {
  if (spec === null) return null;
  return <FlowDialog spec={spec} {...rest} />;
}

type FlowDialogProps<K extends ChangingAction> = ActionFlowProps<K> & { readonly spec: ActionSpec<K> };

function FlowDialog<K extends ChangingAction>(props: FlowDialogProps<K>): React.JSX.Element {
  const { spec, onClose, ...choices } = props;
  const flow = useFlow(spec);
  const isOpen = flow.stage === 'review' || flow.stage === 'sending';
  return (
    <Modal title={spec.title} isOpen onDismiss={onClose} closeOnBackdropClick={false}>
      <div data-testid={testIds.flow.dialog} data-stage={flow.stage}>
        {isOpen ? (
          <Review spec={spec as unknown as ActionSpec} flow={flow} {...choices} onClose={onClose} />
        ) : (
          <Outcome spec={spec as unknown as ActionSpec} flow={flow} onClose={onClose} />
        )}
      </div>
    </Modal>
  );
}

interface StageProps {
  readonly spec: ActionSpec;
  readonly flow: Flow;
  readonly onClose: () => void;
}

type ReviewProps = StageProps & Pick<ActionFlowProps<ChangingAction>, 'options' | 'afterPlan'>;

function Review({ spec, flow, options, afterPlan, onClose }: ReviewProps): React.JSX.Element {
  const missing = missingPermission(prefixOf(spec));
  const isDestructive = spec.destructive === true || flow.plan?.destructive === true;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        flow.send();
      }}
    >
      <Stack direction="column" gap={2}>
        {options}
        {flow.changes === null ? null : <Changed changes={flow.changes} />}
        <PlanPart spec={spec} flow={flow} />
        {afterPlan?.(flow.plan)}
        <Asked flow={flow} />
        {flow.sendError === null ? null : (
          <ErrorNotice error={flow.sendError} title={t('flow.refused', 'It was not done')} />
        )}
        {flow.sendError?.isOutage === true ? (
          <Alert severity="info" title={t('flow.again', 'Nobody knows whether the request arrived')}>
            {t(
              'flow.againBody',
              'Press the button again: the exporter knows the request by its key and does it only once.',
            )}
          </Alert>
        ) : null}
        {missing === null ? null : <Alert severity="info" title={missing} />}
      </Stack>
      <Modal.ButtonRow>
        <Button type="button" variant="secondary" fill="outline" onClick={onClose}>
          {t('flow.cancel', 'Cancel')}
        </Button>
        <Button
          type="submit"
          variant={isDestructive ? 'destructive' : 'primary'}
          disabled={!flow.maySend || missing !== null}
          icon={flow.stage === 'sending' ? 'sync' : undefined}
          data-testid={testIds.flow.submit}
        >
          {flow.stage === 'sending' ? t('flow.sending', 'Sending') : spec.verb}
        </Button>
      </Modal.ButtonRow>
    </form>
  );
}

function PlanPart({ spec, flow }: { readonly spec: ActionSpec; readonly flow: Flow }): React.JSX.Element {
  if (flow.planError !== null)
    return (
      <ErrorNotice error={flow.planError} title={t('flow.noPlan', 'There is no plan for this')} onRetry={flow.replan} />
    );
  if (flow.plan !== undefined)
    return (
      <Stack direction="column" gap={1} alignItems="stretch">
        <PlanView plan={flow.plan} />
        {flow.plan.blockers.length === 0 ? null : (
          <div>
            <Button
              type="button"
              variant="secondary"
              size="sm"
              icon="sync"
              onClick={flow.replan}
              disabled={flow.isPlanning}
            >
              {t('flow.replan', 'Look again')}
            </Button>
          </div>
        )}
      </Stack>
    );
  return flow.isPlanning ? <LoadingRows rows={4} height={20} /> : <Effects effects={spec.effects ?? []} />;
}

function Changed({ changes }: { readonly changes: readonly string[] }): React.JSX.Element {
  return (
    <div data-testid={testIds.flow.changed} role="alert">
      <Alert severity="warning" title={t('flow.stale', 'Things have changed since you looked: this is the new plan')}>
        <ul style={{ marginLeft: 16, overflowWrap: 'anywhere' }}>
          {changes.map((change) => (
            <li key={change}>{change}</li>
          ))}
        </ul>
      </Alert>
    </div>
  );
}

function Asked({ flow }: { readonly flow: Flow }): React.JSX.Element {
  const { needs, entered, enter } = flow;
  const id = useId();
  const isRequired = needs.reason === 'required';
  return (
    <>
      {needs.reason === 'none' ? null : (
        <Field
          noMargin
          label={isRequired ? t('flow.reason', 'Reason') : t('flow.reasonOptional', 'Reason (optional)')}
          description={t('flow.reasonWhy', 'Stands in the audit log beside your name')}
          htmlFor={`${id}-reason`}
        >
          <TextArea
            id={`${id}-reason`}
            rows={2}
            maxLength={500}
            value={entered.reason}
            required={isRequired}
            onChange={(event) => enter({ reason: event.currentTarget.value })}
            data-testid={testIds.flow.reason}
          />
        </Field>
      )}
      {needs.confirm === null ? null : (
        <Field
          noMargin
          label={t('flow.confirm', 'Type {{name}} to confirm', { name: needs.confirm })}
          htmlFor={`${id}-confirm`}
        >
          <Input
            id={`${id}-confirm`}
            value={entered.confirmation}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => enter({ confirmation: event.currentTarget.value })}
            data-testid={testIds.flow.confirm}
          />
        </Field>
      )}
    </>
  );
}

/** A link may lead to the page that lies below: the dialog would go on covering it. After the click itself, which needs the link. */
function closeAfterLink({ target }: React.MouseEvent, onClose: () => void): void {
  if (target instanceof Element && target.closest('a') !== null) setTimeout(onClose);
}

function Outcome({ spec, flow, onClose }: StageProps): React.JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  // The button that was pressed is gone; without a place in the dialog the keyboard would be lost, Escape too.
  useEffect(() => place.current?.focus(), []);
  return (
    <Stack direction="column" gap={2}>
      <div ref={place} tabIndex={-1} style={{ outline: 'none' }} onClick={(event) => closeAfterLink(event, onClose)}>
        {flow.operationId === null ? (
          <div data-testid={testIds.flow.result} role="status">
            <Alert severity="success" title={t('flow.done', 'Done')}>
              {spec.title}
            </Alert>
          </div>
        ) : (
          <OperationProgress id={flow.operationId} />
        )}
      </div>
      <Modal.ButtonRow>
        <Button type="button" variant="secondary" onClick={onClose} data-testid={testIds.flow.close}>
          {t('flow.close', 'Close')}
        </Button>
      </Modal.ButtonRow>
    </Stack>
  );
}
