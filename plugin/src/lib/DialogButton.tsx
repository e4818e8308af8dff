import { t } from '../text.ts';
import { Button, type ButtonProps } from '@grafana/ui';
import type { ReactNode } from 'react';
import { useConnection } from '../api/hooks.ts';
import { useDialog, type Dialog } from '../components/flow/DialogHost.tsx';
import { missingPermission } from '../components/permissions.ts';

interface PermittedButtonProps extends Pick<ButtonProps, 'variant' | 'fill' | 'size' | 'icon'> {
  readonly needs: 'operate' | 'admin';
  /** Why it makes no sense now although the person may. */
  readonly disabledBecause?: string | null;
  readonly testId?: string | undefined;
  readonly onClick: () => void;
  readonly children: ReactNode;
}

/** A button that is disabled, with the reason on hover and focus, where what it does would only be refused. */
export function PermittedButton(props: PermittedButtonProps): React.JSX.Element {
  const { needs, disabledBecause = null, testId, onClick, children, variant = 'secondary', ...look } = props;
  const { failingSince } = useConnection();
  const unreachable = failingSince === null ? null : t('action.unreachable', 'The exporter is not reachable');
  const why = missingPermission(needs) ?? disabledBecause ?? unreachable;
  return (
    <Button
      type="button"
      variant={variant}
      {...look}
      disabled={why !== null}
      {...(why === null ? {} : { tooltip: why })}
      onClick={onClick}
      data-testid={testId}
    >
      {children}
    </Button>
  );
}

interface DialogButtonProps extends Omit<PermittedButtonProps, 'onClick'> {
  /** The dialog, for a flow that has choices of its own. It stays as it was opened, also when the button goes. */
  readonly dialog: Dialog;
}

/** A button that opens a dialog. */
export function DialogButton({ dialog, ...button }: DialogButtonProps): React.JSX.Element {
  const { open, inPlace } = useDialog();
  return (
    <>
      <PermittedButton {...button} onClick={() => open(dialog)} />
      {inPlace}
    </>
  );
}
