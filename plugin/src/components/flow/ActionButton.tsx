import { Button, type ButtonProps } from '@grafana/ui';
import { useConnection } from '../../api/hooks.ts';
import { t } from '../../text.ts';
import { missingPermission } from '../permissions.ts';
import { ActionFlow } from './ActionFlow.tsx';
import { useDialog } from './DialogHost.tsx';
import { prefixOf, type ActionSpec, type ChangingAction } from './spec.ts';

interface ActionButtonProps<K extends ChangingAction> extends Pick<ButtonProps, 'variant' | 'fill' | 'size' | 'icon'> {
  readonly spec: ActionSpec<K>;
  /** Why it makes no sense now although the person may; shown on hover. */
  readonly disabledBecause?: string | null;
  readonly testId?: string;
  readonly children: React.ReactNode;
}

/** A button that opens the flow; disabled, with the missing permission named, for those who may not. */
export function ActionButton<K extends ChangingAction>(props: ActionButtonProps<K>): React.JSX.Element {
  const { spec, disabledBecause = null, testId, children, variant = 'secondary', fill, size, icon } = props;
  const { open, inPlace } = useDialog();
  const { failingSince } = useConnection();
  const unreachable = failingSince === null ? null : t('action.unreachable', 'The exporter is not reachable');
  const why = missingPermission(prefixOf(spec)) ?? disabledBecause ?? unreachable;
  return (
    <>
      <Button
        type="button"
        variant={variant}
        {...(fill === undefined ? {} : { fill })}
        {...(size === undefined ? {} : { size })}
        {...(icon === undefined ? {} : { icon })}
        disabled={why !== null}
        {...(why === null ? {} : { tooltip: why })}
        onClick={() => open((close) => <ActionFlow spec={spec} onClose={close} />)}
        data-testid={testId}
      >
        {children}
      </Button>
      {inPlace}
    </>
  );
}
