import { createTheme, ThemeContext, type AppPlugin, type EventBusSrv } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { config, locationService, LocationServiceProvider, ThemeChangedEvent } from '@grafana/runtime';
import { GlobalStyles, PortalContainer } from '@grafana/ui';
import { useEffect, useMemo, useState, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { AppView } from './app-view.tsx';
import { startPath, type AppMeta, type HostBoot, type ThemeMode } from './boot.ts';
import { buildFacts } from './build-facts.ts';
import { GrafanaShell } from './grafana-shell.tsx';
import { presetIcons } from './icons.tsx';
import { followLinks, HistoryRouter } from './router.tsx';
import { installServices } from './services.ts';
import { importApp, shareModules } from './shared.ts';
import { Shell } from './shell.tsx';
import { keepTheme, markTheme } from './theme.ts';
import { Toasts } from './toasts.tsx';

const { meta } = buildFacts;

interface Answers {
  /** Set by the page; told of every answer of the server. */
  listener: (status: number) => void;
}

interface HostProps {
  readonly boot: HostBoot;
  readonly firstMode: ThemeMode;
  readonly app: AppPlugin;
  readonly events: EventBusSrv;
  readonly answers: Answers;
}

/** True from the first answer that does not know the session. */
function useSessionEnded(answers: Answers): boolean {
  const [ended, setEnded] = useState(false);
  useEffect(() => {
    answers.listener = (status) => {
      if (status === 401) setEnded(true);
    };
  }, [answers]);
  return ended;
}

function Host({ boot, firstMode, app, events, answers }: HostProps): ReactNode {
  const [mode, setMode] = useState(firstMode);
  const theme = useMemo(() => createTheme({ colors: { mode } }), [mode]);
  const sessionEnded = useSessionEnded(answers);
  const changeMode = (wanted: ThemeMode): void => {
    keepTheme(wanted);
    markTheme(wanted);
    config.theme2 = createTheme({ colors: { mode: wanted } });
    events.publish(new ThemeChangedEvent(config.theme2));
    setMode(wanted);
  };
  const view = <AppView app={app} />;
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <HistoryRouter>
        <LocationServiceProvider service={locationService}>
          <div className="main-view" style={{ position: 'relative', minHeight: '100vh' }}>
            {boot.grafana === undefined ? (
              <Shell boot={boot} meta={meta} mode={mode} sessionEnded={sessionEnded} onMode={changeMode}>
                {view}
              </Shell>
            ) : (
              <GrafanaShell grafana={boot.grafana} meta={meta}>
                {view}
              </GrafanaShell>
            )}
          </div>
          <Toasts events={events} />
          <PortalContainer />
        </LocationServiceProvider>
      </HistoryRouter>
    </ThemeContext.Provider>
  );
}

/** In the console the connection needs no settings: the pages are served by what they talk to. */
const builtIn = { enabled: true, pinned: true, jsonData: { builtIn: true }, secureJsonFields: {} };

async function settingsOf(boot: HostBoot): Promise<Record<string, unknown>> {
  const own = { ...meta, module: buildFacts.moduleUrl, baseUrl: buildFacts.moduleUrl.replace(/\/module\.js$/, '') };
  if (boot.grafana === undefined) return { ...own, ...builtIn };
  const answer = await fetch(`/api/plugins/${meta.id}/settings`);
  return (await answer.json()) as Record<string, unknown>;
}

async function loadApp(boot: HostBoot): Promise<AppPlugin> {
  const url = boot.grafana === undefined ? buildFacts.moduleUrl : `/public/plugins/${meta.id}/module.js`;
  const [module, settings] = await Promise.all([importApp(url), settingsOf(boot)]);
  const app = module['plugin'] as AppPlugin;
  app.meta = settings as never;
  app.init(app.meta);
  return app;
}

async function loadIcons(): Promise<void> {
  const answer = await fetch(buildFacts.iconsUrl);
  presetIcons(buildFacts.publicPath, (await answer.json()) as Record<string, string>);
}

/** Draws the app. `boot` and the theme stand in `window.grafanaBootData` already. */
export async function start(boot: HostBoot, mode: ThemeMode): Promise<void> {
  const answers: Answers = { listener: () => undefined };
  const events = installServices((status) => answers.listener(status));
  shareModules();
  const app = (meta as AppMeta).id;
  if (!/^\/(a|plugins)\//.test(location.pathname)) locationService.replace(startPath(meta));
  followLinks([`/a/${app}`, `/plugins/${app}`]);
  // @grafana/ui translates its own texts and waits for nobody: without this it would show keys.
  const [plugin] = await Promise.all([loadApp(boot), initPluginTranslations('grafana-ui'), loadIcons()]);
  sessionStorage.removeItem('genesis.reloaded');
  const element = document.getElementById('root');
  if (element === null) throw new Error('the page has no root element');
  createRoot(element).render(<Host boot={boot} firstMode={mode} app={plugin} events={events} answers={answers} />);
}
