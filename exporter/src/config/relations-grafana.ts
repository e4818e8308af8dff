import { isLoopback } from './listen.ts';
import type { Found } from './relations.ts';
import type { GrafanaServer } from './schema-grafana.ts';

/** What cannot go together in `grafana`. */
export function* checkGrafana({ identity, url }: GrafanaServer): Generator<Found> {
  if (identity === 'off') return;
  if (url === null) {
    yield {
      severity: 'fault',
      path: ['grafana', 'url'],
      message: `is missing, and grafana.identity is ${identity}: the keys of its signatures are read there`,
      mend: 'set grafana.url, or grafana.identity: off',
    };
  } else if (url.startsWith('http:') && !isLoopback(new URL(url).hostname.replace(/^\[|\]$/g, ''))) {
    yield {
      severity: 'warning',
      path: ['grafana', 'url'],
      value: url,
      message: 'is not https: whoever stands in between could name other keys, and so other people',
      mend: 'give its https address, and grafana.ca_file where its authority is your own',
    };
  }
}
