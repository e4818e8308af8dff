import { t } from '../../text.ts';
import { Alert, Button, Stack } from '@grafana/ui';
import { useApiQuery } from '../../api/hooks.ts';
import { ErrorNotice } from '../../components/states.tsx';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { Time } from '../../components/Time.tsx';
import { formatCount } from '../../lib/format.ts';
import { auditTestIds } from './testIds.ts';

/** Whether every row of the log still follows the one before it. */
export function ChainMark(): React.JSX.Element {
  // It reads the whole log, so it is asked once and then only by hand.
  const chain = useApiQuery('verifyAudit', {}, { refreshMs: false });
  const { data, error, isFetching } = chain;
  if (error !== null && data === undefined)
    return (
      <ErrorNotice
        error={error}
        title={t('audit.chain-failed', 'The chain of the log could not be checked')}
        onRetry={chain.refetch}
      />
    );
  return (
    <div data-testid={auditTestIds.chain} data-state={data?.state ?? 'checking'} aria-live="polite">
      {data?.state === 'broken' ? (
        <Alert
          severity="error"
          title={t(
            'audit.chain-broken',
            'The log was changed from outside: row {{row}} does not follow the one before it',
            {
              row: data.brokenAt ?? '?',
            },
          )}
        >
          {t(
            'audit.chain-broken-hint',
            'What helps: compare it with `genesis audit verify` and a copy of the log; what stands before that row still holds.',
          )}
        </Alert>
      ) : (
        <Stack gap={1} wrap="wrap" alignItems="center">
          {data === undefined ? (
            <StatusBadge tone="running" text={t('audit.chain-checking', 'Checking the chain')} />
          ) : (
            <>
              <StatusBadge tone="good" text={t('audit.chain-intact', 'Chain verified')} />
              <span>
                {t('audit.chain-rows', '{{rows}} rows, each follows the one before; checked', {
                  rows: formatCount(data.rows),
                })}
              </span>
              <Time at={data.checkedAt} show="age" />
            </>
          )}
          <Button variant="secondary" fill="text" size="sm" icon="sync" disabled={isFetching} onClick={chain.refetch}>
            {t('audit.chain-again', 'Check again')}
          </Button>
        </Stack>
      )}
    </div>
  );
}
