import { t } from '../../text.ts';
import { usePluginContext } from '@grafana/data';
import { Stack } from '@grafana/ui';
import { PageFrame } from '../../components/PageFrame.tsx';
import { ConfigurationBody } from './ConfigurationBody.tsx';
import type { AppSettings } from './settings.ts';

/** Where the exporter is, whether the ways to it work, and what the plugin may do. */
export function ConfigurationPage(): React.JSX.Element {
  const meta = usePluginContext()?.meta as AppSettings | undefined;
  return (
    <PageFrame
      id="configuration"
      title={t('configuration.title', 'Configuration')}
      subTitle={t('configuration.subTitle', 'The connection to the exporter, and what this plugin may do')}
    >
      <Stack direction="column" gap={2}>
        {meta === undefined ? null : <ConfigurationBody meta={meta} />}
      </Stack>
    </PageFrame>
  );
}
