import './public-path.ts';
import { AppPlugin, type AppRootProps, type PluginConfigPageProps, type PluginMeta } from '@grafana/data';
import { locationService } from '@grafana/runtime';
import { LoadingPlaceholder } from '@grafana/ui';
import { lazy, Suspense } from 'react';
import { PLUGIN_ID } from './constants.ts';
import { addedLinks } from './extensions.ts';

/** Texts are asked for first: a component that is drawn before they are there would stay in English for ever. */
async function withTexts<T>(load: Promise<T>): Promise<T> {
  const { initPluginTranslations } = await import(/* webpackChunkName: "texts" */ '@grafana/i18n');
  const [loaded] = await Promise.all([load, initPluginTranslations(PLUGIN_ID)]);
  return loaded;
}

const App = lazy(async () => {
  const { App } = await withTexts(import(/* webpackChunkName: "app" */ './components/App/App.tsx'));
  return { default: App };
});

const Config = lazy(async () => {
  const { PluginConfig } = await withTexts(
    import(/* webpackChunkName: "plugin-config" */ './pages/Configuration/PluginConfig.tsx'),
  );
  return { default: PluginConfig };
});

function Root(props: AppRootProps): React.JSX.Element {
  return (
    <Suspense fallback={<LoadingPlaceholder text="" />}>
      <App {...props} />
    </Suspense>
  );
}

function ConfigRoot(props: PluginConfigPageProps<PluginMeta<object>>): React.JSX.Element {
  return (
    <Suspense fallback={<LoadingPlaceholder text="" />}>
      <Config {...props} />
    </Suspense>
  );
}

export const plugin = new AppPlugin<object>()
  .setRootPage(Root)
  .addConfigPage({ id: 'configuration', title: 'Configuration', icon: 'cog', body: ConfigRoot });
const links = addedLinks(
  (path) => locationService.push(path),
  () => locationService.getLocation().search,
);
for (const link of links) plugin.addLink(link);
