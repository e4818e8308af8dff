import type { AppRootProps } from '@grafana/data';
import { QueryClientProvider } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { Navigate, Route, Routes, useLocation } from 'react-router';
import { queryClient } from '../../api/grafana.ts';
import { laterPages, pages, pageUrl, type PageEntry } from '../../pages/index.ts';
import { DialogHost } from '../flow/DialogHost.tsx';
import { PageBoundary } from '../PageBoundary.tsx';
import { missingPermission } from '../permissions.ts';
import { Forbidden, NotThereYet, PageLoading } from './plain-pages.tsx';
import { useLiveEvents } from './useLiveEvents.ts';

const routes = Object.entries(pages as Record<string, PageEntry>).map(([id, page]) => ({
  id,
  page,
  Page: lazy(async () => ({ default: await page.load() })),
}));

/** Root of the plugin. */
export function App(_props: AppRootProps): React.JSX.Element {
  return (
    <QueryClientProvider client={queryClient}>
      <Live />
      <Routes>
        {routes.map(({ id, page, Page }) => (
          <Route
            key={id}
            path={page.path}
            element={
              <Guarded id={id} page={page}>
                <Page />
              </Guarded>
            }
          />
        ))}
        {/* Alerts and dashboards link to what can be done, whatever page it stands on. */}
        <Route path="recovery" element={<Recovery />} />
        {Object.entries(laterPages).map(([path, name]) => (
          <Route key={path} path={path} element={<NotThereYet name={name} />} />
        ))}
        <Route path="*" element={<Navigate replace to={pageUrl('overview')} />} />
      </Routes>
    </QueryClientProvider>
  );
}

function Live(): null {
  useLiveEvents();
  return null;
}

function Guarded({
  id,
  page,
  children,
}: {
  readonly id: string;
  readonly page: PageEntry;
  readonly children: React.ReactNode;
}): React.JSX.Element {
  const missing = missingPermission(page.permission);
  const title = page.navigation?.name ?? '';
  if (missing !== null) return <Forbidden title={title} missing={missing} />;
  return (
    <PageBoundary page={id} key={id}>
      <DialogHost>
        <Suspense fallback={<PageLoading title={title} />}>{children}</Suspense>
      </DialogHost>
    </PageBoundary>
  );
}

/** What an alert about recovery leads to: the restore points of its service. */
function Recovery(): React.JSX.Element {
  const service = new URLSearchParams(useLocation().search).get('service');
  return <Navigate replace to={pageUrl('backups', { view: 'timeline', service: service ?? undefined })} />;
}
