import http from 'node:http';

/** A route of plugin.json. */
export interface ProxyRoute {
  readonly path: string;
  readonly method?: string;
  readonly reqAction?: string;
  readonly reqRole?: string;
  readonly url: string;
  readonly headers?: readonly { readonly name: string; readonly content: string }[];
}

/** The app's settings as Grafana keeps them. */
export interface AppSettings {
  enabled: boolean;
  pinned: boolean;
  jsonData: Readonly<Record<string, unknown>>;
  secureJsonData: Readonly<Record<string, string>>;
}

/** What Grafana knows of the one who calls. */
export interface Caller {
  readonly permissions: Readonly<Record<string, boolean>>;
  readonly orgRole: string;
  /** X-Grafana-Context, unsigned. */
  readonly context: string;
  /** X-Grafana-Id; null where Grafana has none for this caller. */
  readonly idToken: string | null;
}

export type Decision =
  | { readonly kind: 'forward'; readonly route: ProxyRoute; readonly rest: string }
  | { readonly kind: 'refuse'; readonly status: 403 | 404; readonly message: string };

const ranks: Readonly<Record<string, number>> = { Viewer: 1, Editor: 2, Admin: 3 };

function restOf(route: ProxyRoute, path: string): string | null {
  const plain = path.replace(/\/$/, '');
  if (!route.path.endsWith('/*')) return plain === route.path ? '' : null;
  const prefix = route.path.slice(0, -1);
  return plain.startsWith(prefix) && plain.length > prefix.length ? plain.slice(prefix.length) : null;
}

/** Routes in the order of the file; the first whose method and path fit decides, also when it refuses. */
export function decide(routes: readonly ProxyRoute[], method: string, path: string, caller: Caller): Decision {
  for (const route of routes) {
    const wanted = route.method ?? '';
    if (wanted !== '' && wanted !== '*' && wanted !== method) continue;
    const rest = restOf(route, path);
    if (rest === null) continue;
    const { reqAction = '', reqRole = '' } = route;
    const allowed =
      reqAction === ''
        ? reqRole === '' || (ranks[caller.orgRole] ?? 0) >= (ranks[reqRole] ?? 0)
        : caller.permissions[reqAction] === true;
    if (!allowed) return { kind: 'refuse', status: 403, message: 'plugin proxy route access denied' };
    return { kind: 'forward', route, rest };
  }
  return { kind: 'refuse', status: 404, message: 'plugin route match not found' };
}

/** Go's template as far as routes use it: a missing plain value shows as `<no value>`, a missing secret as nothing. */
export function fillTemplate(template: string, settings: AppSettings): string {
  return template.replace(/\{\{\s*\.(JsonData|SecureJsonData)\.(\w+)\s*\}\}/g, (_all, kind: string, name: string) => {
    if (kind === 'SecureJsonData') return settings.secureJsonData[name] ?? '';
    const value = settings.jsonData[name];
    return value === undefined ? '<no value>' : String(value);
  });
}

/** Where a request goes. The rest was decoded to be matched and is not cleaned: `..%2F` arrives as `../`. */
export function targetOf(route: ProxyRoute, rest: string, search: string, settings: AppSettings): string {
  const base = fillTemplate(route.url, settings).replace(/\/$/, '');
  return `${base}${rest === '' ? '' : `/${encodeURI(decodeURIComponent(rest))}`}${search}`;
}

const removedFromRequest = new Set([
  'authorization',
  'connection',
  'cookie',
  'host',
  'origin',
  'referer',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-grafana-device-id',
  'x-grafana-user',
]);
const removedFromResponse = new Set([
  'alt-svc',
  'close',
  'connection',
  'server',
  'set-cookie',
  'strict-transport-security',
]);

/** What reaches the exporter: the client's own headers but for some, then Grafana's, then the route's. */
export function requestHeaders(
  client: http.IncomingHttpHeaders,
  route: ProxyRoute,
  settings: AppSettings,
  caller: Caller,
): http.OutgoingHttpHeaders {
  const kept = Object.entries(client).filter(([name]) => !removedFromRequest.has(name));
  const added = (route.headers ?? []).map(({ name, content }) => [name.toLowerCase(), fillTemplate(content, settings)]);
  return {
    ...Object.fromEntries(kept),
    'x-forwarded-for': [client['x-forwarded-for'], '127.0.0.1'].filter((part) => part !== undefined).join(', '),
    'x-grafana-referer': client.referer ?? '',
    'x-grafana-context': caller.context,
    // Overwritten, never removed: what a client sends survives where Grafana has no token of its own.
    ...(caller.idToken === null ? {} : { 'x-grafana-id': caller.idToken }),
    ...Object.fromEntries(added),
  };
}

export function responseHeaders(upstream: http.IncomingHttpHeaders): http.OutgoingHttpHeaders {
  const kept = Object.entries(upstream).filter(([name]) => !removedFromResponse.has(name));
  return { ...Object.fromEntries(kept), 'content-security-policy': 'sandbox', via: '1.1 grafana' };
}

/**
 * Passes a request on and its answer back as it comes. `fetch` would tidy the path up, so node's client sends it as it stands.
 */
export function forward(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  target: string,
  headers: http.OutgoingHttpHeaders,
): void {
  const at = /^http:\/\/([^/:]+):(\d+)(\/.*)$/.exec(target);
  const answer = (status: number, message: string): void => {
    if (response.headersSent) return void response.destroy();
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ message }));
  };
  if (at === null) return answer(502, 'Bad Gateway');
  const upstream = http.request({ host: at[1], port: Number(at[2]), path: at[3], method: request.method, headers });
  upstream.on('response', (reply) => {
    response.writeHead(reply.statusCode ?? 502, responseHeaders(reply.headers));
    reply.on('error', () => response.destroy());
    reply.pipe(response);
  });
  upstream.on('error', () => answer(502, 'Bad Gateway'));
  response.on('close', () => upstream.destroy());
  request.pipe(upstream);
}
