import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '../../text.ts';
import { RadioButtonList, Stack, useStyles2 } from '@grafana/ui';
import { useId, useState } from 'react';
import { ActionButton } from '../../components/flow/ActionButton.tsx';
import { ActionFlow } from '../../components/flow/ActionFlow.tsx';
import { DialogButton } from '../../lib/DialogButton.tsx';
import { failoverTestIds } from './testIds.ts';

interface NodeActionsProps {
  readonly service: string;
  readonly node: string;
  /** Null: it is not known to be the primary. */
  readonly isPrimary: boolean;
  readonly isFenced: boolean;
}

/** Take a node out, or bring it back. */
export function NodeActions({ service, node, isPrimary, isFenced }: NodeActionsProps): React.JSX.Element {
  return (
    <Stack gap={1} wrap="wrap">
      <ActionButton
        spec={{
          id: 'fenceNode',
          params: { name: service, id: node },
          body: {},
          title: t('fence.title', 'Fence {{node}} of {{service}}', { node, service }),
          verb: t('fence.verb', 'Fence it'),
          service,
          destructive: true,
        }}
        variant="destructive"
        fill="outline"
        size="sm"
        disabledBecause={isFenced ? t('fence.already', 'It is fenced already, and proven so') : null}
        testId={failoverTestIds.fence(node)}
      >
        {t('fence.button', 'Fence')}
      </ActionButton>
      <DialogButton
        needs="admin"
        size="sm"
        disabledBecause={isPrimary ? t('rejoin.primary', 'It is the primary') : null}
        testId={failoverTestIds.rejoin(node)}
        dialog={(close) => <RejoinFlow service={service} node={node} onClose={close} />}
      >
        {t('rejoin.button', 'Rejoin')}
      </DialogButton>
    </Stack>
  );
}

type Clone = 'configured' | 'no' | 'yes';

function RejoinFlow({
  service,
  node,
  onClose,
}: {
  readonly service: string;
  readonly node: string;
  readonly onClose: () => void;
}): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const [clone, setClone] = useState<Clone>('configured');
  const name = useId();
  return (
    <ActionFlow
      spec={{
        id: 'rejoinNode',
        params: { name: service, id: node },
        body: clone === 'configured' ? {} : { allowClone: clone === 'yes' },
        title: t('rejoin.title', 'Bring {{node}} of {{service}} back', { node, service }),
        verb: t('rejoin.verb', 'Bring it back'),
        service,
      }}
      options={
        <fieldset className={styles.choices}>
          <legend className={styles.legend}>{t('rejoin.clone', 'If its data cannot be rewound')}</legend>
          <RadioButtonList<Clone>
            name={name}
            options={[
              { value: 'configured', label: t('rejoin.configured', 'As configured') },
              {
                value: 'no',
                label: t('rejoin.keep', 'Leave it out'),
                description: t('rejoin.keep-what', 'Its data stays as it is, to be looked at'),
              },
              {
                value: 'yes',
                label: t('rejoin.replace', 'Clone it anew'),
                description: t('rejoin.replace-what', 'Replaces all its data; what only it has is gone'),
              },
            ]}
            value={clone}
            onChange={setClone}
          />
        </fieldset>
      }
      onClose={onClose}
    />
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
  };
}
