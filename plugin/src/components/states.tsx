import { t } from '../text.ts';
import { Alert, Button, EmptyState, LinkButton, Stack, Text, useTheme2 } from '@grafana/ui';
import type { ApiError } from '../api/problem.ts';
import { pageUrl } from '../pages/index.ts';
import { may, missingPermission } from './permissions.ts';
import { testIds } from './testIds.ts';

/** Rows of the height that the content will have, so that nothing jumps. */
export function LoadingRows({
  rows = 4,
  height = 36,
}: {
  readonly rows?: number;
  readonly height?: number;
}): React.JSX.Element {
  const theme = useTheme2();
  const bar = {
    height,
    marginBottom: theme.spacing(1),
    background: theme.colors.background.secondary,
    borderRadius: theme.shape.radius.default,
  };
  return (
    <div role="status" aria-busy="true" aria-label={t('state.loading', 'Loading')} data-testid={testIds.loading}>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} style={bar} />
      ))}
    </div>
  );
}

/** The exporter or a part of it has not been set up. */
export function NotConfigured({ what, how }: { readonly what: string; readonly how?: string }): React.JSX.Element {
  return (
    <div data-testid={testIds.empty.notConfigured}>
      <EmptyState
        variant="call-to-action"
        message={what}
        hideImage
        button={
          may('admin') ? (
            <LinkButton href={pageUrl('configuration')} icon="cog">
              {t('empty.configure', 'Open configuration')}
            </LinkButton>
          ) : undefined
        }
      >
        {how ?? (may('admin') ? undefined : t('empty.askAdmin', 'Ask an administrator to set it up.'))}
      </EmptyState>
    </div>
  );
}

/** Set up, but there has been nothing of the kind yet. `action` is what would make the first one. */
export function NothingYet({
  what,
  children,
  action,
}: {
  readonly what: string;
  readonly children?: React.ReactNode;
  readonly action?: React.ReactNode;
}): React.JSX.Element {
  return (
    <div data-testid={testIds.empty.nothingYet}>
      <EmptyState variant="call-to-action" message={what} hideImage button={action}>
        {children}
      </EmptyState>
    </div>
  );
}

/** There are things, but the filter lets none through. */
export function NoMatch({ what, onClear }: { readonly what: string; readonly onClear: () => void }): React.JSX.Element {
  return (
    <div data-testid={testIds.empty.noMatch}>
      <EmptyState
        variant="not-found"
        message={what}
        hideImage
        button={
          <Button variant="secondary" onClick={onClear}>
            {t('empty.clearFilter', 'Clear filter')}
          </Button>
        }
      />
    </div>
  );
}

interface ErrorNoticeProps {
  readonly error: ApiError;
  /** What could not be done, e.g. "The backups could not be read". */
  readonly title: string;
  readonly onRetry?: () => void;
  /** What is shown is of before; the notice says so and stays small. */
  readonly stale?: boolean;
}

/** A failure in its place: what went wrong, its mend, and a way to try again. */
export function ErrorNotice({ error, title, onRetry, stale = false }: ErrorNoticeProps): React.JSX.Element {
  return (
    <Alert
      title={stale ? t('error.stale', '{{title}}; what you see is from before', { title }) : title}
      severity={stale || error.isOutage ? 'warning' : 'error'}
      data-testid={testIds.error}
      {...(onRetry === undefined ? {} : { buttonContent: t('error.retry', 'Try again'), onRemove: onRetry })}
    >
      <Stack direction="column" gap={0.5}>
        <span>{sentence(error.message)}</span>
        {error.faults.map((fault) => (
          <span key={fault.path}>{`${fault.path}: ${fault.message}`}</span>
        ))}
        <span>{t('error.hint', 'What helps: {{hint}}.', { hint: error.hint.replace(/\.$/, '') })}</span>
        {error.requestId === null ? null : (
          <Text variant="bodySmall" color="secondary">
            {t('error.request', 'Request {{id}}, code {{code}}', { id: error.requestId, code: error.code })}
          </Text>
        )}
      </Stack>
    </Alert>
  );
}

/** Says why everything is disabled; nothing for those who may. */
export function ReadOnlyHint({
  needs,
  what,
}: {
  readonly needs: 'operate' | 'admin';
  readonly what: string;
}): React.JSX.Element | null {
  const missing = missingPermission(needs);
  if (missing === null) return null;
  return (
    <Text variant="bodySmall" color="secondary">
      {`${what}: ${missing}`}
    </Text>
  );
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`;
}
