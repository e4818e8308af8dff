import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { fillPage } from '../../../exporter/src/api/console.ts';
import { checkout } from '../../../exporter/e2e/support/processes.ts';
import { permissionsOf, type AppMeta, type HostBoot } from '../../console/src/boot.ts';
import { createSigner, type Person } from './identity.ts';
import { decide, forward, requestHeaders, targetOf, type AppSettings, type Caller, type ProxyRoute } from './proxy.ts';

export const appId = 'genesis-dr-app';
const dist = path.join(checkout, 'plugin/dist');
const hostFolders = {
  12: path.join(checkout, 'plugin/dist-console'),
  13: path.join(checkout, 'plugin/hosts/13/dist'),
} as const;
export type HostVersion = keyof typeof hostFolders;

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain',
  '.woff2': 'font/woff2',
};
export const people = {
  viewer: { id: 2, login: 'vera', name: 'Vera Rubin', orgRole: 'Viewer' },
  operator: { id: 3, login: 'ada', name: 'Ada Lovelace', orgRole: 'Editor' },
  admin: { id: 4, login: 'grace', name: 'Grace Hopper', orgRole: 'Admin' },
} as const satisfies Record<string, Person>;

export interface GrafanaOptions {
  readonly host: HostVersion;
  readonly person: Person;
  readonly settings: AppSettings;
  /** False: no X-Grafana-Id, as for somebody without an identity. */
  readonly signs?: boolean;
}

/** What the tests see of a Grafana that is not there: pages, settings and the app's proxy, by the rules of the real one. */
export interface FakeGrafana {
  readonly url: string;
  readonly settings: AppSettings;
  /** Requests that came through the proxy: method, path, status of the decision. */
  readonly proxied: { readonly method: string; readonly path: string; readonly decision: string }[];
  person: Person;
  close(): Promise<void>;
}

interface State {
  readonly meta: AppMeta & { readonly routes: readonly ProxyRoute[] };
  readonly options: GrafanaOptions;
  readonly signer: ReturnType<typeof createSigner>;
  readonly proxied: FakeGrafana['proxied'][number][];
  person: Person;
  url: string;
}

function sendJson(response: http.ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function sendFile(response: http.ServerResponse, folder: string, name: string): void {
  const type = types[path.extname(name)];
  try {
    if (type === undefined || name.includes('..')) throw new Error('not a file of the folder');
    const content = readFileSync(path.join(folder, name));
    response.writeHead(200, { 'content-type': type }).end(content);
  } catch {
    sendJson(response, 404, { message: 'Not found' });
  }
}

function callerOf({ meta, person, signer, options, url }: State): Caller {
  return {
    permissions: permissionsOf(meta, person.orgRole),
    orgRole: person.orgRole,
    context: JSON.stringify({ UserID: person.id, Login: person.login, OrgID: 1, OrgRole: person.orgRole }),
    idToken: options.signs === false ? null : signer.tokenFor(person, `${url}/`),
  };
}

function proxy(state: State, request: http.IncomingMessage, response: http.ServerResponse, raw: string): void {
  const { settings } = state.options;
  const [escaped = '', ...query] = raw.split('?');
  const method = request.method ?? 'GET';
  const { origin } = request.headers;
  if (origin !== undefined && new URL(origin).host !== request.headers.host)
    return sendJson(response, 403, { message: 'origin not allowed' });
  if (!settings.enabled) return sendJson(response, 404, { message: 'Plugin is not enabled' });
  const caller = callerOf(state);
  const decision = decide(state.meta.routes, method, escaped, caller);
  state.proxied.push({ method, path: escaped, decision: decision.kind === 'forward' ? 'forward' : decision.message });
  if (decision.kind === 'refuse') return sendJson(response, decision.status, { message: decision.message });
  const { route, rest } = decision;
  const target = targetOf(route, rest, query.length === 0 ? '' : `?${query.join('?')}`, settings);
  forward(request, response, target, requestHeaders(request.headers, route, settings, caller));
}

async function bodyOf(request: http.IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>;
}

/** POST replaces jsonData, enabled and pinned; secrets are merged and never read back. */
async function settingsOf(state: State, request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const { settings } = state.options;
  if (request.method === 'POST') {
    if (state.person.orgRole !== 'Admin') return sendJson(response, 403, { message: 'Access denied' });
    const body = await bodyOf(request);
    settings.enabled = body['enabled'] === true;
    settings.pinned = body['pinned'] === true;
    settings.jsonData = (body['jsonData'] ?? {}) as AppSettings['jsonData'];
    settings.secureJsonData = { ...settings.secureJsonData, ...(body['secureJsonData'] as Record<string, string>) };
    return sendJson(response, 200, { message: 'Plugin settings updated' });
  }
  const { enabled, pinned, jsonData, secureJsonData } = settings;
  const secureJsonFields = Object.fromEntries(
    Object.entries(secureJsonData).map(([name, value]) => [name, value !== '']),
  );
  const places = { module: `public/plugins/${appId}/module.js`, baseUrl: `public/plugins/${appId}` };
  sendJson(response, 200, { ...state.meta, ...places, enabled, pinned, jsonData, secureJsonFields });
}

function sendPage({ options, person }: State, response: http.ServerResponse): void {
  const folder = hostFolders[options.host];
  const boot: HostBoot = {
    version: '0.1.0',
    cluster: 'Main Org.',
    user: { name: person.name, role: 'viewer', canLogOut: false },
    grafana: { version: options.host === 12 ? '12.4.10' : '13.2.2', ...person },
  };
  // The console's own copy of the app is not what this host loads.
  const template = readFileSync(path.join(folder, 'index.html'), 'utf8').replace(
    /<link rel="preload" as="script".*>/,
    '',
  );
  const page = fillPage(template, 'none', boot);
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page);
}

function serve(state: State, request: http.IncomingMessage, response: http.ServerResponse): void {
  const raw = request.url ?? '/';
  const [pathname = '/'] = raw.split('?');
  const below = (prefix: string): string | null => (raw.startsWith(prefix) ? raw.slice(prefix.length) : null);
  const proxied = below(`/api/plugin-proxy/${appId}/`);
  const asset = below('/console/assets/');
  const file = below(`/public/plugins/${appId}/`);
  if (proxied !== null) proxy(state, request, response, proxied);
  else if (asset !== null)
    sendFile(response, path.join(hostFolders[state.options.host], 'assets'), asset.split('?')[0] ?? '');
  else if (file !== null) sendFile(response, dist, file.split('?')[0] ?? '');
  else if (pathname === `/api/plugins/${appId}/settings`)
    settingsOf(state, request, response).catch((thrown: unknown) =>
      sendJson(response, 400, { message: String(thrown) }),
    );
  else if (pathname === '/api/signing-keys/keys') sendJson(response, 200, state.signer.keys);
  else if (pathname === '/api/health') sendJson(response, 200, { database: 'ok', version: '12.4.10' });
  else if (/^\/(a|plugins)\//.test(pathname)) sendPage(state, response);
  else sendJson(response, 404, { message: 'Not found' });
}

/** Starts on a free port of the loopback address, or on the given one (the exporter must know it to fetch keys). */
export async function startFakeGrafana(options: GrafanaOptions, port = 0): Promise<FakeGrafana> {
  const meta = JSON.parse(readFileSync(path.join(dist, 'plugin.json'), 'utf8')) as State['meta'];
  const state: State = { meta, options, signer: createSigner(), proxied: [], person: options.person, url: '' };
  const server = http.createServer((request, response) => serve(state, request, response));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: state.url,
    settings: options.settings,
    proxied: state.proxied,
    get person() {
      return state.person;
    },
    set person(person) {
      state.person = person;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
