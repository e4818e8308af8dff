import { t } from '../../text.ts';
import { Stack, Text, useTheme2 } from '@grafana/ui';
import { useApiQuery } from '../../api/hooks.ts';
import type { Operation } from '../../api/types.ts';
import { QueryNotice } from '../../lib/QueryNotice.tsx';
import { actorWord, kindWord } from '../../pages/Operations/words.ts';
import { OperationProgress } from './OperationProgress.tsx';

interface RunningPartProps {
  readonly service: string;
  /** Which kinds of operations belong to the page. */
  readonly shows: (kind: string) => boolean;
  /** What of the service it is about, e.g. a node; null: the service itself. */
  readonly subjectOf?: (operation: Operation) => string | null;
  readonly testId: string;
}

/** What is under way on a service, step by step, or waits for a second person. */
export function RunningPart({ service, shows, subjectOf, testId }: RunningPartProps): React.JSX.Element {
  const theme = useTheme2();
  const running = useApiQuery('listOperations', { query: { active: 'true', service, limit: 20 } });
  const shown = (running.data?.items ?? []).filter(({ kind }) => shows(kind));
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
          data-testid={testId}
          style={{ borderLeft: `3px solid ${theme.colors.info.border}`, paddingLeft: theme.spacing(1.5), minWidth: 0 }}
        >
          <Stack direction="column" gap={2}>
            {shown.map((operation) => (
              <Running key={operation.id} operation={operation} subject={subjectOf?.(operation) ?? null} />
            ))}
          </Stack>
        </section>
      )}
    </>
  );
}

function Running({
  operation,
  subject,
}: {
  readonly operation: Operation;
  readonly subject: string | null;
}): React.JSX.Element {
  const kind = kindWord(operation.kind);
  const title = t('running.what', 'Under way: {{kind}}, asked for by {{actor}}', {
    kind: subject === null ? kind : `${kind} (${subject})`,
    actor: actorWord(operation.actor),
  });
  return (
    <article aria-label={title}>
      <Stack direction="column" gap={1}>
        <Text element="h3" variant="h6">
          {title}
        </Text>
        <OperationProgress id={operation.id} />
      </Stack>
    </article>
  );
}
