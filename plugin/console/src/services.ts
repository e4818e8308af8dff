import { EventBusSrv } from '@grafana/data';
import * as runtime from '@grafana/runtime';
import { setPluginPage } from 'genesis:plugin-page';
import { createBackendSrv, type AnswerListener } from './backend-srv.ts';
import { PageFrame } from './page-frame.tsx';

const nothing = (): void => undefined;
const refuse = (): never => {
  throw new Error('this host has no panels and no data sources');
};

/** What Grafana gives its apps at run time; without Grafana there are no other apps, no panels and no data sources. */
export function installServices(onAnswer: AnswerListener): EventBusSrv {
  const events = new EventBusSrv();
  setPluginPage(PageFrame);
  runtime.setAppEvents(events);
  runtime.setBackendSrv(createBackendSrv(events, onAnswer));
  runtime.setLocationSrv(runtime.locationService);
  runtime.setEchoSrv({ addEvent: nothing, addBackend: nothing, flush: nothing });
  runtime.setCurrentUser(runtime.config.bootData.user);
  runtime.setPluginImportUtils({ importPanelPlugin: refuse, getPanelPluginFromCache: () => undefined });
  runtime.setReturnToPreviousHook(() => nothing);
  runtime.setChromeHeaderHeightHook(() => 48);
  runtime.setHelpNavItemHook(() => null as never);
  runtime.setPluginLinksHook(() => ({ links: [], isLoading: false }));
  runtime.setPluginComponentHook(() => ({ component: null, isLoading: false }));
  runtime.setPluginComponentsHook(() => ({ components: [], isLoading: false }));
  runtime.setPluginFunctionsHook(() => ({ functions: [], isLoading: false }));
  return events;
}
