import { grafanaRouteOf, type GrafanaPrefix } from '@genesis-dr/exporter/contract/client';
import { t } from '../../text.ts';
import { Button, Stack, Text } from '@grafana/ui';
import { useMutation } from '@tanstack/react-query';
import { client } from '../../api/grafana.ts';
import { toApiError } from '../../api/problem.ts';
import { Panel } from '../../components/Panel.tsx';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { testIds } from '../../components/testIds.ts';
import { may } from '../../components/permissions.ts';
import { findingsOf, type Attempt, type Finding } from '../../lib/connection-test.ts';

interface ConnectionTestProps {
  readonly version: string;
  readonly apiUrl: string;
  readonly isBuiltIn: boolean;
}

interface Way {
  readonly prefix: GrafanaPrefix;
  readonly findings: readonly Finding[];
}

const prefixes: readonly GrafanaPrefix[] = ['read', 'operate', 'admin'];

/** Goes all three ways to the exporter and says of each what is wrong. */
export function ConnectionTest({ version, apiUrl, isBuiltIn }: ConnectionTestProps): React.JSX.Element {
  const test = useMutation<readonly Way[]>({
    mutationFn: () =>
      Promise.all(
        prefixes.filter((prefix) => !isBuiltIn || may(prefix)).map((prefix) => tryWay(prefix, version, apiUrl)),
      ),
  });
  return (
    <Panel
      title={t('test.title', 'Connection test')}
      aside={
        <Button
          type="button"
          variant="secondary"
          disabled={test.isPending}
          onClick={() => test.mutate()}
          data-testid={testIds.configuration.test}
        >
          {test.isPending ? t('test.running', 'Testing') : t('test.run', 'Test connection')}
        </Button>
      }
    >
      {test.data === undefined ? (
        <Text color="secondary">
          {t('test.what', 'Asks the exporter on each of the three ways who it takes the caller for.')}
        </Text>
      ) : (
        <div data-testid={testIds.configuration.result} role="status">
          <Stack direction="column" gap={1.5}>
            {test.data.map((way) => (
              <WayResult key={way.prefix} way={way} />
            ))}
          </Stack>
        </div>
      )}
    </Panel>
  );
}

async function tryWay(prefix: GrafanaPrefix, version: string, apiUrl: string): Promise<Way> {
  return { prefix, findings: findingsOf(prefix, await attempt(prefix), version, apiUrl) };
}

async function attempt(prefix: GrafanaPrefix): Promise<Attempt> {
  try {
    grafanaRouteOf('me', prefix);
    return { ok: true, me: await client.call('me', { as: prefix }) };
  } catch (thrown) {
    const { code, message, hint } = toApiError(thrown);
    return { ok: false, code, message, hint };
  }
}

function WayResult({ way }: { readonly way: Way }): React.JSX.Element {
  return (
    <section aria-label={way.prefix}>
      <Text element="h3" variant="h6">
        {way.prefix}
      </Text>
      {way.findings.map((finding) => (
        <Stack key={finding.message} gap={1} wrap="wrap" alignItems="center">
          <StatusBadge tone={finding.tone} text={word(finding.tone)} />
          <span style={{ overflowWrap: 'anywhere' }}>
            {finding.message}
            {finding.hint === null ? null : ` (${t('test.hint', 'what helps: {{hint}}', { hint: finding.hint })})`}
          </span>
        </Stack>
      ))}
    </section>
  );
}

function word(tone: Finding['tone']): string {
  if (tone === 'good') return t('test.works', 'Works');
  return tone === 'attention' ? t('test.attention', 'Look at this') : t('test.fails', 'Fails');
}
