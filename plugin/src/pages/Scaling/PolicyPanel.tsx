import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '../../text.ts';
import { Button, Field, Stack, Text, TextArea, useStyles2 } from '@grafana/ui';
import { useId, useRef } from 'react';
import { ActionButton } from '../../components/flow/ActionButton.tsx';
import { Panel } from '../../components/Panel.tsx';
import { may } from '../../components/permissions.ts';
import { ErrorNotice, ReadOnlyHint } from '../../components/states.tsx';
import { PermittedButton } from '../../lib/DialogButton.tsx';
import type { Preview, Scaling, usePreview } from '../../lib/scaling-api.ts';
import { PreviewResult } from './PreviewResult.tsx';
import { scalingTestIds } from './testIds.ts';

interface PolicyPanelProps {
  readonly service: string;
  readonly facts: Scaling;
  /** The policy that holds, as YAML. */
  readonly policy: string;
  /** What was written in its place and is not saved; null: nothing. */
  readonly draft: string | null;
  readonly onDraft: (draft: string | null) => void;
  /** What was checked last. */
  readonly preview: ReturnType<typeof usePreview>;
}

/** The policy as text: read by everybody, tried by operators, saved by admins once it was checked. */
export function PolicyPanel({ service, facts, policy, draft, onDraft, preview }: PolicyPanelProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const id = useId();
  const text = draft ?? policy;
  // What was checked is what is saved: a letter later it is another text.
  const checked = preview.data !== undefined && preview.variables === text ? preview.data : null;
  const isReadOnly = !may('operate');
  const result = useRef<HTMLDivElement>(null);
  // A policy is often longer than the window: what was asked for must not appear unseen below it.
  const show = (): void => void setTimeout(() => result.current?.scrollIntoView({ block: 'nearest' }), 50);
  return (
    <Panel
      title={t('policy.title', 'Policy')}
      aside={<Text color="secondary">{sourceText(facts)}</Text>}
      testId={scalingTestIds.policy}
    >
      <Field
        noMargin
        label={t('policy.text', 'Policy as YAML or JSON')}
        description={t(
          'policy.what',
          'The keys of scaling in genesis.yaml, without the engine. Check it, try it on history on the tab Backtest, then save it.',
        )}
        htmlFor={id}
      >
        <TextArea
          id={id}
          className={styles.text}
          rows={Math.min(32, Math.max(14, text.split('\n').length + 1))}
          spellCheck={false}
          readOnly={isReadOnly}
          value={text}
          onChange={(event) => onDraft(event.currentTarget.value === policy ? null : event.currentTarget.value)}
          data-testid={scalingTestIds.policyText}
        />
      </Field>
      <Stack gap={1} wrap="wrap">
        <PermittedButton
          needs="operate"
          icon="check"
          disabledBecause={preview.isPending ? t('policy.checking', 'It is being checked') : null}
          testId={scalingTestIds.policyCheck}
          onClick={() => preview.mutate(text, { onSettled: show })}
        >
          {preview.isPending ? t('policy.checking-now', 'Checking') : t('policy.check', 'Check and preview')}
        </PermittedButton>
        <SaveButton service={service} text={text} isChanged={draft !== null} checked={checked} onDraft={onDraft} />
        {facts.override !== null && <ResetButton service={service} onDraft={onDraft} />}
        {draft !== null && (
          <Button
            type="button"
            variant="secondary"
            fill="text"
            onClick={() => onDraft(null)}
            data-testid={scalingTestIds.policyRevert}
          >
            {t('policy.revert', 'Forget what I wrote')}
          </Button>
        )}
      </Stack>
      <ReadOnlyHint needs="operate" what={t('policy.read-only', 'You can read it; trying another is not yours')} />
      <div ref={result}>
        {preview.error !== null && (
          <ErrorNotice error={preview.error} title={t('policy.check-failed', 'It could not be checked')} />
        )}
        {checked !== null && <PreviewResult preview={checked} facts={facts} />}
      </div>
    </Panel>
  );
}

function sourceText({ override }: Scaling): string {
  return override === null
    ? t('policy.of-file', 'As in genesis.yaml')
    : t('policy.of-page', 'Changed here by {{by}}, in the place of that of genesis.yaml', { by: override.by });
}

interface SaveButtonProps {
  readonly service: string;
  readonly text: string;
  readonly isChanged: boolean;
  /** Null: this text was not checked. */
  readonly checked: Preview | null;
  readonly onDraft: (draft: string | null) => void;
}

function SaveButton({ service, text, isChanged, checked, onDraft }: SaveButtonProps): React.JSX.Element {
  const why = !isChanged
    ? t('policy.unchanged', 'It is the policy that holds already')
    : checked === null
      ? t('policy.unchecked', 'Check it first')
      : checked.valid
        ? null
        : t('policy.invalid', 'It is not valid: mend what the check names');
  return (
    <ActionButton
      spec={{
        id: 'setScalingPolicy',
        params: { name: service },
        body: { policy: text },
        title: t('policy.save-title', 'Change the scaling policy of {{service}}', { service }),
        verb: t('policy.save-verb', 'Change the policy'),
        service,
        effects: [
          t('policy.save-effect', 'From the next evaluation on Genesis decides by it.'),
          t(
            'policy.save-place',
            'It holds in the place of that of genesis.yaml, until it is reset or the file changes.',
          ),
        ],
        reason: 'required',
        confirm: service,
        onDone: () => onDraft(null),
      }}
      variant="primary"
      icon="save"
      disabledBecause={why}
      testId={scalingTestIds.policySave}
    >
      {t('policy.save', 'Save the policy')}
    </ActionButton>
  );
}

function ResetButton({ service, onDraft }: Pick<SaveButtonProps, 'service' | 'onDraft'>): React.JSX.Element {
  return (
    <ActionButton
      spec={{
        id: 'resetScalingPolicy',
        params: { name: service },
        body: {},
        title: t('policy.reset-title', 'Go back to the policy of genesis.yaml for {{service}}', { service }),
        verb: t('policy.reset-verb', 'Go back to it'),
        service,
        effects: [t('policy.reset-effect', 'What was changed here is forgotten; the audit log keeps it.')],
        reason: 'required',
        onDone: () => onDraft(null),
      }}
      icon="history"
      testId={scalingTestIds.policyReset}
    >
      {t('policy.reset', 'Back to genesis.yaml')}
    </ActionButton>
  );
}

function getStyles(theme: GrafanaTheme2) {
  return {
    text: css({ fontFamily: theme.typography.fontFamilyMonospace, fontSize: theme.typography.bodySmall.fontSize }),
  };
}
