import { t } from '../text.ts';
import { Button, type ButtonProps } from '@grafana/ui';
import { useState, type ReactNode } from 'react';
import { useConnection } from '../api/hooks.ts';
import { missingPermission } from '../components/permissions.ts';

interface DialogButtonProps extends Pick<ButtonProps, 'variant' | 'fill' | 'size' | 'icon'> {
  readonly needs: 'operate' | 'admin';
  /** Why it makes no sense now although the person may. */
  readonly disabledBecause?: string | null;
  readonly testId?: string;
  /** The dialog, for a flow that has choices of its own. */
  readonly dialog: (close: () => void) => ReactNode;
  readonly children: ReactNode;
}

/** A button that opens a dialog; disabled, with the reason on hover and focus, where it would only be refused. */
export function DialogButton(props: DialogButtonProps): React.JSX.Element {
  const { needs, disabledBecause = null, testId, dialog, children, variant = 'secondary', ...look } = props;
  const [isOpen, setOpen] = useState(false);
  const { failingSince } = useConnection();
  const unreachable = failingSince === null ? null : t('action.unreachable', 'The exporter is not reachable');
  const why = missingPermission(needs) ?? disabledBecause ?? unreachable;
  return (
    <>
      <Button
        type="button"
        variant={variant}
        {...look}
        disabled={why !== null}
        {...(why === null ? {} : { tooltip: why })}
        onClick={() => setOpen(true)}
        data-testid={testId}
      >
        {children}
      </Button>
      {isOpen && dialog(() => setOpen(false))}
    </>
  );
}
