import { grafanaBootData, type HostBoot } from './boot.ts';
import { buildFacts } from './build-facts.ts';
import { giveStylesTheNonce, installTrustedTypes } from './policies.ts';
import { initialTheme, markTheme } from './theme.ts';

// The @grafana packages read these while they load, so they must stand before the host is imported.
const element = document.getElementById('genesis-boot');
const boot = JSON.parse(element?.textContent ?? '{}') as HostBoot;
const mode = initialTheme();

giveStylesTheNonce(element?.nonce ?? '');
installTrustedTypes(['/console/assets/', '/public/plugins/']);
markTheme(mode);
Object.assign(window, {
  grafanaBootData: grafanaBootData(boot, buildFacts.meta, mode, location.origin),
  __grafana_public_path__: buildFacts.publicPath,
  // zod would try whether it may make functions out of text, and the browser would report that as a breach of the policy.
  __zod_globalConfig: { jitless: true },
  // i18next prints an advertisement into the console otherwise.
  __i18next_supportNoticeShown: true,
});

import('./host.tsx').then(
  ({ start }) => start(boot, mode),
  (thrown: unknown) => {
    // After an update the old page asks for files that are gone: the new page knows the new names.
    const once = 'genesis.reloaded';
    if (sessionStorage.getItem(once) === null) {
      sessionStorage.setItem(once, '1');
      location.reload();
      return;
    }
    const waiting = document.getElementById('waiting');
    if (waiting !== null) waiting.textContent = `The console could not be loaded: ${String(thrown)}`;
  },
);
