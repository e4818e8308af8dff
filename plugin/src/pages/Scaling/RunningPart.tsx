import { t } from '../../text.ts';
import { Stack, Text, useTheme2 } from '@grafana/ui';
import { useApiQuery } from '../../api/hooks.ts';
import type { Operation } from '../../api/types.ts';
import { OperationProgress } from '../../components/flow/OperationProgress.tsx';
import { QueryNotice } from '../../lib/QueryNotice.tsx';
import { isScalingKind } from '../../lib/scaling-view.ts';
import { actorWord, kindWord } from '../Operations/words.ts';
import { scalingTestIds } from './testIds.ts';

/** What changes the number right now, step by step. */
export function RunningPart({ service }: { readonly service: string }): React.JSX.Element | null {
  const theme = useTheme2();
  const running = useApiQuery('listOperations', { query: { active: 'true', service, limit: 20 } });
  const shown = (running.data?.items ?? []).filter(({ kind }) => isScalingKind(kind));
  return (
    <>
      <QueryNotice
        error={running.error}
        title={t('running.failed', 'What runs on {{service}} could not be read', { service })}
        onRetry={running.refetch}
        stale={running.data !== undefined}
      />
      {shown.length > 0 && (
        <section
          aria-label={t('running.title', 'Under way')}
          data-testid={scalingTestIds.running}
          style={{ borderLeft: `3px solid ${theme.colors.info.border}`, paddingLeft: theme.spacing(1.5), minWidth: 0 }}
        >
          <Stack direction="column" gap={1}>
            {shown.map((operation) => (
              <article key={operation.id} aria-label={titleOf(operation)}>
                <Text element="h3" variant="h6">
                  {titleOf(operation)}
                </Text>
                <OperationProgress id={operation.id} />
              </article>
            ))}
          </Stack>
        </section>
      )}
    </>
  );
}

function titleOf(operation: Operation): string {
  return t('running.what', 'Under way: {{kind}}, asked for by {{actor}}', {
    kind: kindWord(operation.kind),
    actor: actorWord(operation.actor),
  });
}
