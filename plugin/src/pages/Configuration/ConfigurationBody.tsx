import { t } from '../../text.ts';
import { Text } from '@grafana/ui';
import { useQuery } from '@tanstack/react-query';
import { Facts } from '../../components/flow/PlanView.tsx';
import { Panel } from '../../components/Panel.tsx';
import { ErrorNotice, LoadingRows } from '../../components/states.tsx';
import type { ApiError } from '../../api/problem.ts';
import { ConnectionForm } from './ConnectionForm.tsx';
import { ConnectionTest } from './ConnectionTest.tsx';
import { readSettings, type AppSettings } from './settings.ts';
import { WhatItMay } from './WhatItMay.tsx';

/** Shared by the plugin's own page and by Grafana's page of the plugin, where it is set up before it is enabled. */
export function ConfigurationBody({ meta }: { readonly meta: AppSettings }): React.JSX.Element {
  const version = meta.info?.version ?? '';
  const isBuiltIn = meta.jsonData?.builtIn === true;
  return (
    <>
      {isBuiltIn ? <BuiltIn version={version} /> : <Settings version={version} />}
      <WhatItMay />
    </>
  );
}

/** In the exporter's own console there is nothing to set: page and exporter are one. */
function BuiltIn({ version }: { readonly version: string }): React.JSX.Element {
  return (
    <>
      <Panel title={t('configuration.connection', 'Connection')}>
        <Text>
          {t('configuration.builtIn', 'Built in: this console is served by the exporter itself and uses your session.')}
        </Text>
        <Facts rows={[[t('configuration.version', 'Version of these pages'), version]]} />
      </Panel>
      <ConnectionTest version={version} apiUrl="" isBuiltIn />
    </>
  );
}

function Settings({ version }: { readonly version: string }): React.JSX.Element {
  const { data, error, refetch } = useQuery<AppSettings, ApiError>({ queryKey: ['settings'], queryFn: readSettings });
  if (error !== null && data === undefined)
    return (
      <ErrorNotice
        error={error}
        title={t('configuration.unread', 'The settings could not be read')}
        onRetry={() => void refetch()}
      />
    );
  if (data === undefined) return <LoadingRows rows={4} height={48} />;
  return (
    <>
      <ConnectionForm settings={data} onSaved={() => void refetch()} />
      <ConnectionTest version={version} apiUrl={data.jsonData?.apiUrl ?? ''} isBuiltIn={false} />
    </>
  );
}
