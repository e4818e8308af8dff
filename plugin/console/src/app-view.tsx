import { PluginContextProvider, type AppPlugin, type AppRootProps, type PluginConfigPageProps } from '@grafana/data';
import { locationService } from '@grafana/runtime';
import { ErrorBoundaryAlert, LoadingPlaceholder } from '@grafana/ui';
import { Suspense, type ComponentType, type ReactNode } from 'react';
import { Route, Routes, useLocation } from 'react-router';
import { PageFrame } from './page-frame.tsx';

function AppRoot({ app }: { readonly app: AppPlugin }): ReactNode {
  const { pathname } = useLocation();
  const Root = app.root as ComponentType<AppRootProps> | undefined;
  if (Root === undefined) return null;
  const query = locationService.getSearchObject();
  return (
    <Root meta={app.meta as never} basename={pathname} path={pathname} query={query} onNavChanged={() => undefined} />
  );
}

function Settings({ app }: { readonly app: AppPlugin }): ReactNode {
  const [page] = app.configPages ?? [];
  if (page === undefined) return <PageFrame pageNav={{ text: app.meta.name }}>This app has no settings.</PageFrame>;
  const Body = page.body as ComponentType<PluginConfigPageProps<typeof app.meta>>;
  return (
    <PageFrame pageNav={{ text: app.meta.name, subTitle: page.title }}>
      <Body plugin={app as never} query={locationService.getSearchObject()} />
    </PageFrame>
  );
}

/** What Grafana's own routes do: the app's root below its address, its settings below /plugins. */
export function AppView({ app }: { readonly app: AppPlugin }): ReactNode {
  const { id } = app.meta;
  return (
    <PluginContextProvider meta={app.meta}>
      <ErrorBoundaryAlert title="This page could not be shown">
        <Suspense fallback={<LoadingPlaceholder text="Loading" />}>
          <Routes>
            <Route path={`/a/${id}/*`} element={<AppRoot app={app} />} />
            <Route path={`/plugins/${id}/*`} element={<Settings app={app} />} />
          </Routes>
        </Suspense>
      </ErrorBoundaryAlert>
    </PluginContextProvider>
  );
}
