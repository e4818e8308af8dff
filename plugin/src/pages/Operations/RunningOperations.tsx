import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '../../text.ts';
import { Stack, useStyles2 } from '@grafana/ui';
import type { ApiQuery } from '../../api/hooks.ts';
import type { Operation, Reply } from '../../api/types.ts';
import { OperationProgress } from '../../components/flow/OperationProgress.tsx';
import { LoadingRows } from '../../components/states.tsx';
import { LinkButtonText } from '../../lib/LinkButtonText.tsx';
import { QueryNotice } from '../../lib/QueryNotice.tsx';
import { Heading } from './OperationsPage.tsx';
import { operationTestIds } from './testIds.ts';
import { actorWord, kindWord } from './words.ts';

interface RunningOperationsProps {
  readonly running: ApiQuery<Reply<'listOperations'>>;
  readonly onOpen: (id: string) => void;
}

/** What runs or waits now, each followed live. */
export function RunningOperations({ running, onOpen }: RunningOperationsProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  return (
    <section data-testid={operationTestIds.running}>
      <Stack direction="column" gap={1}>
        <Heading text={t('operations.running', 'Running')} />
        <QueryNotice
          error={running.error}
          title={t('operations.running-failed', 'What runs could not be read')}
          onRetry={running.refetch}
          stale={running.data !== undefined}
        />
        {running.isLoading && <LoadingRows rows={1} height={60} />}
        {running.data?.items.length === 0 && (
          <p className={styles.none}>{t('operations.idle', 'Nothing runs at the moment.')}</p>
        )}
        {running.data?.items.map((operation) => (
          <RunningOperation key={operation.id} operation={operation} onOpen={onOpen} />
        ))}
      </Stack>
    </section>
  );
}

interface RunningOperationProps {
  readonly operation: Operation;
  readonly onOpen: (id: string) => void;
}

function RunningOperation({ operation, onOpen }: RunningOperationProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const { id, kind, service, actor } = operation;
  return (
    <article className={styles.card}>
      <LinkButtonText onClick={() => onOpen(id)} below={id}>
        {t('operations.running-title', '{{kind}} of {{service}}, started by {{actor}}', {
          kind: kindWord(kind),
          service,
          actor: actorWord(actor),
        })}
      </LinkButtonText>
      <OperationProgress id={id} standalone />
    </article>
  );
}

function getStyles(theme: GrafanaTheme2) {
  return {
    none: css({ color: theme.colors.text.secondary, margin: 0 }),
    card: css({
      display: 'flex',
      flexDirection: 'column',
      gap: theme.spacing(1),
      padding: theme.spacing(2),
      background: theme.colors.background.secondary,
      borderRadius: theme.shape.radius.default,
    }),
  };
}
