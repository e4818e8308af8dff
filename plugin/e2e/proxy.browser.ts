import { readFileSync } from 'node:fs';
import path from 'node:path';
import { checkout } from '../../exporter/e2e/support/processes.ts';
import { ensureBuilt } from './support/built.ts';
import {
  decide,
  fillTemplate,
  requestHeaders,
  responseHeaders,
  targetOf,
  type Caller,
  type ProxyRoute,
} from './support/proxy.ts';

/** The rules of Grafana's proxy for apps that the test host follows, read from the plugin.json that was built. */
let routes: readonly ProxyRoute[];
const settings = {
  enabled: true,
  pinned: true,
  jsonData: { apiUrl: 'http://127.0.0.1:9847' },
  secureJsonData: { readToken: 'r', operateToken: 'o', adminToken: 'a' },
};
const callerWith = (...actions: readonly string[]): Caller => ({
  permissions: Object.fromEntries(actions.map((action) => [action, true])),
  orgRole: 'Viewer',
  context: '{}',
  idToken: 'signed',
});
const viewer = callerWith('genesis-dr-app:read');

beforeAll(async () => {
  await ensureBuilt(12);
  const file = path.join(checkout, 'plugin/dist/plugin.json');
  ({ routes } = JSON.parse(readFileSync(file, 'utf8')) as { routes: readonly ProxyRoute[] });
}, 300_000);

it.each([
  ['GET', 'read/services', 'forward'],
  ['GET', 'read/services/', 'forward'],
  ['HEAD', 'read/services', 'plugin route match not found'],
  ['POST', 'read/services', 'plugin route match not found'],
  ['GET', 'read', 'plugin route match not found'],
  ['GET', 'read/', 'plugin route match not found'],
  ['GET', 'readings/x', 'plugin route match not found'],
  ['POST', 'operate/me', 'plugin proxy route access denied'],
  ['GET', 'operate/me', 'plugin route match not found'],
  ['POST', 'admin/me', 'plugin proxy route access denied'],
] as const)('%s %s of a viewer: %s', (method, address, expected) => {
  const decision = decide(routes, method, address, viewer);

  expect(decision.kind === 'forward' ? 'forward' : decision.message).toBe(expected);
});

it('the first route that fits decides, also when it refuses', () => {
  const two: readonly ProxyRoute[] = [
    { path: 'x/*', method: 'GET', reqAction: 'a:admin', url: 'http://h:1' },
    { path: 'x/*', method: 'GET', url: 'http://h:1' },
  ];

  expect(decide(two, 'GET', 'x/1', viewer)).toMatchObject({ kind: 'refuse', status: 403 });
});

it('a permission wins over the role of the organisation', () => {
  const route = { path: 'x/*', reqAction: 'a:read', reqRole: 'Admin', url: 'http://h:1' };

  expect(decide([route], 'GET', 'x/1', callerWith('a:read')).kind).toBe('forward');
  expect(decide([route], 'GET', 'x/1', { ...callerWith(), orgRole: 'Admin' }).kind).toBe('refuse');
});

it('passes the rest on decoded and not cleaned, the query as it is', () => {
  const [read] = routes as readonly [ProxyRoute];

  expect(targetOf(read, 'backups/b1', '?limit=5', settings)).toBe(
    'http://127.0.0.1:9847/grafana/v1/read/backups/b1?limit=5',
  );
  expect(targetOf(read, '..%2Fadmin%2Fme', '', settings)).toBe('http://127.0.0.1:9847/grafana/v1/read/../admin/me');
});

it('fills templates as Grafana does: a missing value shows, a missing secret does not', () => {
  expect(fillTemplate('{{ .JsonData.apiUrl }}/x', { ...settings, jsonData: {} })).toBe('<no value>/x');
  expect(fillTemplate('Bearer {{.SecureJsonData.none}}', settings)).toBe('Bearer ');
});

it('takes credentials and origins out, and its own headers win over the browser’s', () => {
  const [read] = routes as readonly [ProxyRoute];
  const client = {
    authorization: 'Bearer mine',
    cookie: 'c=1',
    origin: 'http://g',
    referer: 'http://g/a',
    'x-genesis-role': 'admin',
    'x-grafana-id': 'forged',
    'x-grafana-user': 'root',
    'x-own': 'stays',
  };

  const sent = requestHeaders(client, read, settings, viewer);

  expect(sent).toMatchObject({ authorization: 'Bearer r', 'x-genesis-role': 'viewer', 'x-grafana-id': 'signed' });
  expect(sent).toMatchObject({ 'x-own': 'stays', 'x-grafana-referer': 'http://g/a' });
  for (const name of ['cookie', 'origin', 'referer', 'x-grafana-user']) expect(sent).not.toHaveProperty(name);
  // Without a token of its own, Grafana leaves what the client sent: the exporter must check the signature.
  expect(requestHeaders(client, read, settings, { ...viewer, idToken: null })).toMatchObject({
    'x-grafana-id': 'forged',
  });
});

it('takes cookies and servers out of answers and puts them into a sandbox', () => {
  const answer = responseHeaders({ 'set-cookie': ['a=1'], server: 'x', 'content-type': 'application/json' });

  expect(answer).toEqual({
    'content-type': 'application/json',
    'content-security-policy': 'sandbox',
    via: '1.1 grafana',
  });
});
