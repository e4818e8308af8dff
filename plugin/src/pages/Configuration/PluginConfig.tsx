import type { PluginConfigPageProps, PluginMeta } from '@grafana/data';
import { QueryClientProvider } from '@tanstack/react-query';
import { Stack } from '@grafana/ui';
import { queryClient } from '../../api/grafana.ts';
import { ConfigurationBody } from './ConfigurationBody.tsx';
import type { AppSettings } from './settings.ts';

/** The same on Grafana's own page of the plugin, which can be opened before the plugin is enabled. */
export function PluginConfig({ plugin }: PluginConfigPageProps<PluginMeta<object>>): React.JSX.Element {
  return (
    <QueryClientProvider client={queryClient}>
      <Stack direction="column" gap={2}>
        <ConfigurationBody meta={plugin.meta as AppSettings} />
      </Stack>
    </QueryClientProvider>
  );
}
