import { t } from '../../text.ts';
import { Stack, Text, useTheme2 } from '@grafana/ui';
import { useApiQuery } from '../../api/hooks.ts';
import type { Operation } from '../../api/types.ts';
import { OperationProgress } from '../../components/flow/OperationProgress.tsx';
import { isFailoverKind, nodeOf } from '../../lib/failover-view.ts';
import { QueryNotice } from '../../lib/QueryNotice.tsx';
import { actorWord, kindWord } from '../Operations/words.ts';
import { failoverTestIds } from './testIds.ts';

/** What moves right now, phase by phase, or waits for a second person. */
export function RunningPart({ service }: { readonly service: string }): React.JSX.Element | null {
  const theme = useTheme2();
  const running = useApiQuery('listOperations', { query: { active: 'true', service, limit: 20 } });
  const moves = (running.data?.items ?? []).filter(({ kind }) => isFailoverKind(kind));
  return (
    <>
      <QueryNotice
        error={running.error}
        title={t('running.failed', 'What runs on {{service}} could not be read', { service })}
        onRetry={running.refetch}
        stale={running.data !== undefined}
      />
      {moves.length > 0 && (
        <section
          aria-label={t('running.title', 'Under way')}
          data-testid={failoverTestIds.running}
          style={{ borderLeft: `3px solid ${theme.colors.info.border}`, paddingLeft: theme.spacing(1.5), minWidth: 0 }}
        >
          <Stack direction="column" gap={2}>
            {moves.map((operation) => (
              <article key={operation.id} aria-label={titleOf(operation)}>
                <Stack direction="column" gap={1}>
                  <Text element="h3" variant="h6">
                    {titleOf(operation)}
                  </Text>
                  <OperationProgress id={operation.id} />
                </Stack>
              </article>
            ))}
          </Stack>
        </section>
      )}
    </>
  );
}

function titleOf(operation: Operation): string {
  const node = nodeOf(operation);
  return t('running.what', 'Under way: {{kind}}, asked for by {{actor}}', {
    kind: node === null ? kindWord(operation.kind) : `${kindWord(operation.kind)} (${node})`,
    actor: actorWord(operation.actor),
  });
}
