import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '../../text.ts';
import { Checkbox, Field, Input, RadioButtonList, Stack, useStyles2 } from '@grafana/ui';
import { useId, useState } from 'react';
import type { Backup, Service } from '../../api/types.ts';
import type { RecoveryTarget } from '@genesis-dr/exporter/contract';
import { useApiQuery } from '../../api/hooks.ts';
import { ActionFlow } from '../../components/flow/ActionFlow.tsx';
import { missingPermission } from '../../components/permissions.ts';
import { partOf } from '../../lib/facts.ts';
import { draftOfTarget, targetOf } from '../../lib/pitr.ts';
import { firstChoice, isComplete, restoreRequest, toggled, type RestoreChoice } from '../../lib/restore-request.ts';
import { IntoDatabase } from './IntoDatabase.tsx';
import { RecoveryFields } from './RecoveryFields.tsx';

/** What can be restored: a backup as the list or the timeline knows it. */
export interface RestoreSource {
  readonly id: string;
  readonly service: string;
  readonly components: readonly string[];
  readonly copies: readonly string[];
}

export function sourceOf({ id, service, components, copies }: Backup): RestoreSource {
  return { id, service, components: components.map(({ name }) => name), copies };
}

interface RestoreFlowProps {
  readonly source: RestoreSource;
  /** A file or folder that was chosen in the file browser. */
  readonly picked: RestoreChoice['picked'];
  /** How far to replay the log; absent: as far as it goes, where there is one. */
  readonly recovery?: RecoveryTarget;
  readonly onClose: () => void;
}

/** Everything about a restore in one dialog: what, where to, and the plan that follows from it. */
export function RestoreFlow({ source: opened, picked, recovery, onClose }: RestoreFlowProps): React.JSX.Element {
  // Of the moment it was opened: a backup that ends meanwhile becomes the newest, but it is not what was looked at.
  const [source] = useState(opened);
  const [choice, setChoice] = useState(() => firstChoice(source.components, picked));
  const [draft, setDraft] = useState(() => draftOfTarget(recovery ?? { type: 'latest' }));
  const service = useApiQuery('getService', { params: { name: source.service } }, { refreshMs: false });
  const abilities = service.data?.abilities;
  const pitr = partOf(service.data?.pitr);
  const target = pitr.kind === 'absent' ? null : targetOf(draft);
  const isInPlace = choice.target === 'in_place';
  return (
    <ActionFlow
      spec={{
        id: 'restoreBackup',
        params: { id: source.id },
        body: { ...restoreRequest(choice), ...(target === null ? {} : { recovery: target }) },
        // Until it is known whether the service keeps its log, a plan would be one for another moment than the chosen.
        ready:
          isComplete(choice) &&
          (service.data === undefined ? service.error !== null : pitr.kind === 'absent' || target !== null),
        ...(isInPlace ? { as: 'admin' as const, destructive: true } : {}),
        title: t('restore.title', 'Restore {{id}}', { id: source.id }),
        verb: isInPlace ? t('restore.verb-in-place', 'Restore in place') : t('restore.verb', 'Restore'),
        service: source.service,
      }}
      options={
        <Stack direction="column" gap={2}>
          {pitr.kind !== 'absent' && <RecoveryFields draft={draft} onChange={setDraft} />}
          {abilities?.components !== false && choice.target !== 'database' && (
            <What source={source} choice={choice} onChoose={setChoice} />
          )}
          <Where choice={choice} onChoose={setChoice} abilities={abilities} />
          {choice.target === 'database' && <IntoDatabase source={source} choice={choice} onChoose={setChoice} />}
          {source.copies.length > 0 && <From source={source} choice={choice} onChoose={setChoice} />}
        </Stack>
      }
      onClose={onClose}
    />
  );
}

interface PartProps {
  readonly choice: RestoreChoice;
  readonly onChoose: (choice: RestoreChoice) => void;
}

function What({ source, choice, onChoose }: PartProps & { readonly source: RestoreSource }): React.JSX.Element {
  const name = useId();
  const { picked } = choice;
  const options: { value: RestoreChoice['what']; label: string; description?: string }[] = [
    { value: 'all', label: t('restore.all', 'Everything') },
    { value: 'components', label: t('restore.components', 'Components') },
  ];
  if (picked !== null)
    options.push({
      value: 'paths',
      label: t('restore.path', 'Only this'),
      description: t('restore.path-of', '{{path}} (of {{component}})', picked),
    });
  return (
    <Choices
      legend={t('restore.what', 'What')}
      hint={
        picked === null
          ? t('restore.what-hint', 'For single files and folders, press Restore beside them in the files of the backup')
          : null
      }
    >
      <RadioButtonList
        name={name}
        options={options}
        value={choice.what}
        onChange={(what) => onChoose({ ...choice, what })}
      />
      {choice.what === 'components' && (
        <Stack gap={2} wrap="wrap">
          {source.components.map((component) => (
            <Checkbox
              key={component}
              label={component}
              value={choice.components.includes(component)}
              onChange={() => onChoose({ ...choice, components: toggled(choice.components, component) })}
            />
          ))}
        </Stack>
      )}
    </Choices>
  );
}

type Abilities = Service['abilities'];

function Where({
  choice,
  onChoose,
  abilities,
}: PartProps & { readonly abilities: Abilities | undefined }): React.JSX.Element {
  const name = useId();
  const missing =
    abilities?.inPlace === false
      ? t('restore.no-in-place', 'The engine of this service restores beside, never in place')
      : missingPermission('admin');
  const options: { value: RestoreChoice['target']; label: string; description: string }[] = [
    {
      value: 'folder',
      label: t('restore.folder', 'A new folder'),
      description: t('restore.folder-safe', 'Nothing that is there is touched'),
    },
    {
      value: 'in_place',
      label: t('restore.in-place', 'In place'),
      description: missing ?? t('restore.in-place-risk', 'Replaces the present data'),
    },
  ];
  if (abilities?.intoDatabase === true)
    options.splice(1, 0, {
      value: 'database',
      label: t('restore.database', 'A database of the server'),
      description: t('restore.database-safe', 'A new one, or one that is empty'),
    });
  return (
    <>
      <Choices legend={t('restore.where', 'Where to')} hint={null}>
        <RadioButtonList<RestoreChoice['target']>
          name={name}
          options={options}
          disabledOptions={missing === null ? [] : ['in_place']}
          value={choice.target}
          onChange={(target) => onChoose({ ...choice, target })}
        />
      </Choices>
      {choice.target === 'folder' && <Folder choice={choice} onChoose={onChoose} />}
    </>
  );
}

function Folder({ choice, onChoose }: PartProps): React.JSX.Element {
  const [draft, setDraft] = useState(choice.folder);
  const id = useId();
  const commit = (): void => {
    if (draft.trim() !== choice.folder) onChoose({ ...choice, folder: draft.trim() });
  };
  return (
    <Field
      noMargin
      label={t('restore.folder-path', 'Folder (optional)')}
      description={t(
        'restore.folder-hint',
        'On the machine of the exporter, below a restore root; empty: a new one is made',
      )}
      htmlFor={id}
    >
      <Input
        id={id}
        value={draft}
        maxLength={4096}
        onChange={(event) => setDraft(event.currentTarget.value)}
        onBlur={commit}
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return;
          // Enter makes the plan for this folder; it does not yet start the restore.
          event.preventDefault();
          commit();
        }}
      />
    </Field>
  );
}

interface ChoicesProps {
  readonly legend: string;
  readonly hint: string | null;
  readonly children: React.ReactNode;
}

/** A group of choices with its name, as assistive technology expects it. */
function Choices({ legend, hint, children }: ChoicesProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  return (
    <fieldset className={styles.choices}>
      <legend className={styles.legend}>{legend}</legend>
      {hint !== null && <div className={styles.hint}>{hint}</div>}
      {children}
    </fieldset>
  );
}

function From({ source, choice, onChoose }: PartProps & { readonly source: RestoreSource }): React.JSX.Element {
  const name = useId();
  return (
    <Choices legend={t('restore.from', 'Read from')} hint={null}>
      <RadioButtonList
        name={name}
        options={[
          { value: '', label: t('restore.repository', 'The repository') },
          ...source.copies.map((copy) => ({ value: copy, label: t('restore.copy', 'The copy {{copy}}', { copy }) })),
        ]}
        value={choice.copy}
        onChange={(copy) => onChoose({ ...choice, copy })}
      />
    </Choices>
  );
}

function getStyles(theme: GrafanaTheme2) {
  return {
    choices: css({ display: 'flex', flexDirection: 'column', gap: theme.spacing(1), minWidth: 0 }),
    legend: css({
      fontSize: theme.typography.bodySmall.fontSize,
      fontWeight: theme.typography.fontWeightMedium,
      marginBottom: theme.spacing(0.5),
    }),
    hint: css({ ...theme.typography.bodySmall, color: theme.colors.text.secondary }),
  };
}
