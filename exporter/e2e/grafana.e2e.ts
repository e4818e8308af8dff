import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose';
import type { Operation, Plan } from '../src/contract/operation.ts';
import type { AlertsReply, RecoverableReply } from '../src/contract/page-replies.ts';
import { grafanaRouteOf, type GrafanaPrefix, type RouteId } from '../src/contract/routes.ts';
import type { AuditEntry } from '../src/store/port.ts';
import { backUp, shopConfig } from './support/actions.ts';
import { startGenesis, type Genesis, type TokenRole } from './support/genesis.ts';
import { cleanUp, tempFolder, waitUntil } from './support/processes.ts';
import { startAlertmanager } from './support/prometheus.ts';

const tokenOf = { read: 'viewer', operate: 'operator', admin: 'admin' } as const satisfies Record<
  GrafanaPrefix,
  TokenRole
>;

/** What Grafana's proxy sends: the route's token and role header, the person's signed name, no cookie and no origin. */
async function proxied<T>(
  genesis: Genesis,
  id: RouteId,
  sent: {
    readonly params?: Readonly<Record<string, string>>;
    readonly body?: unknown;
    readonly as?: GrafanaPrefix;
  } = {},
  person: string | null = null,
): Promise<{ readonly status: number; readonly text: string; readonly body: T }> {
  const route = grafanaRouteOf(id, sent.as);
  const target = Object.entries(sent.params ?? {}).reduce(
    (all, [name, value]) => all.replace(`{${name}}`, value),
    route.path,
  );
  const reply = await fetch(`${genesis.url}/grafana/v1/${route.prefix}${target}`, {
    method: route.method,
    headers: {
      authorization: `Bearer ${genesis.tokens[tokenOf[route.prefix]]}`,
      'x-genesis-role': tokenOf[route.prefix],
      'x-forwarded-for': '10.0.0.7',
      via: '1.1 grafana',
      ...(person === null ? {} : { 'x-grafana-id': person }),
      ...(route.method === 'POST' ? { 'content-type': 'application/json' } : {}),
    },
    ...(route.method === 'POST' ? { body: JSON.stringify(sent.body ?? {}) } : {}),
  });
  const text = await reply.text();
  const isJson = reply.headers.get('content-type')?.includes('json') === true;
  return { status: reply.status, text, body: (isJson ? JSON.parse(text) : undefined) as T };
}

describe('the exporter behind Grafana', () => {
  let genesis: Genesis;
  let data: string;
  let key: CryptoKey;
  let keyServer: http.Server;
  let alertmanagerUrl: string;

  const personOf = (change: JWTPayload = {}): Promise<string> => {
    const now = Math.floor(new Date().getTime() / 1000);
    const claims = { type: 'user', username: 'ada', name: 'Ada Lovelace', ...change };
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', kid: 'id-2026-11-es256' })
      .setIssuer(String(change.iss ?? 'https://grafana.example/dr/'))
      .setAudience('org:4')
      .setSubject('user:7')
      .setIssuedAt(now)
      .setExpirationTime(Number(change.exp ?? now + 600))
      .sign(key);
  };
  const audited = async (action: string): Promise<readonly AuditEntry[]> =>
    (await genesis.api<{ items: AuditEntry[] }>('GET', `/audit?action=${action}`)).body.items;

  beforeAll(async () => {
    const pair = await generateKeyPair('ES256');
    key = pair.privateKey;
    const keys = [{ ...(await exportJWK(pair.publicKey)), kid: 'id-2026-11-es256', alg: 'ES256', use: 'sig' }];
    keyServer = http.createServer((request, response) => {
      response.statusCode = request.url === '/api/signing-keys/keys' ? 200 : 404;
      response.end(JSON.stringify({ keys }));
    });
    await new Promise<void>((resolve) => keyServer.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}`;
    const folder = tempFolder('genesis-alertmanager-');
    const configFile = path.join(folder, 'alertmanager.yml');
    writeFileSync(configFile, 'route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n');
    alertmanagerUrl = (await startAlertmanager({ configFile })).url;
    data = path.join(tempFolder('genesis-data-'), 'shop');
    mkdirSync(path.join(data, 'orders'), { recursive: true });
    writeFileSync(path.join(data, 'orders/1.json'), '{"order":1}');
    const grafana = { url, root_url: 'https://grafana.example/dr', org_id: 4, identity: 'require' };
    const top = { grafana, cluster: 'e2e', alertmanager: { url: alertmanagerUrl } };
    genesis = await startGenesis({ config: shopConfig(data, { top }) });
  }, 120_000);
  afterAll(async () => {
    keyServer.closeAllConnections();
    await new Promise<void>((resolve) => void keyServer.close(() => resolve()));
    await cleanUp();
  }, 60_000);

  it('writes the proven name of a person into journal and audit log', async () => {
    const started = await proxied<Operation>(genesis, 'startBackup', { body: { service: 'shop' } }, await personOf());

    expect(started.status).toBe(202);
    const ended = await genesis.waitForOperation(started.body.id);
    expect([ended.state, ended.actor]).toEqual([
      'succeeded',
      { name: 'Ada Lovelace (ada)', role: 'operator', via: 'grafana' },
    ]);
    expect(await audited('backup')).toMatchObject([
      { result: 'succeeded', actor: 'Ada Lovelace (ada)', via: 'grafana', details: { subject: 'user:7' } },
      { result: 'intent', actor: 'Ada Lovelace (ada)', via: 'grafana', verified: true },
    ]);
  }, 60_000);

  it('refuses who is not proven, and changes nothing', async () => {
    const nobody = [
      null,
      await personOf({ exp: 1 }),
      await personOf({ iss: 'https://evil.example/' }),
      'forged.by.hand',
    ];

    const codes = [];
    for (const person of nobody) {
      const answer = await proxied<{ code: string }>(genesis, 'startBackup', { body: { service: 'shop' } }, person);
      codes.push([answer.status, answer.body.code]);
    }

    expect(codes).toEqual([
      [403, 'identity_required'],
      [403, 'identity_invalid'],
      [403, 'identity_invalid'],
      [403, 'identity_invalid'],
    ]);
    expect(await audited('startBackup')).toMatchObject([{ result: 'denied', actor: 'operator' }]);
    expect((await proxied(genesis, 'listBackups')).status).toBe(200);
    const metrics = (await genesis.get('/metrics')).text;
    expect(metrics).toMatch(/genesis_auth_failures_total\{[^}]*kind="identity"[^}]*\} 4/);
  }, 60_000);

  it('keeps a reader, and a proxy that was talked into another path, from writing', async () => {
    const { id } = await backUp(genesis);
    const asViewer = { authorization: `Bearer ${genesis.tokens.viewer}`, 'content-type': 'application/json' };
    const send = async (target: string, method: string): Promise<number> => {
      const { hostname, port } = new URL(genesis.url);
      return new Promise((resolve, reject) => {
        const request = http.request({ hostname, port, path: target, method, headers: asViewer }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
        request.on('error', reject).end('{}');
      });
    };

    expect(await send(`/grafana/v1/read/..%2Fadmin%2Fbackups%2F${id}%2Fdelete`, 'POST')).toBe(400);
    expect(await send(`/grafana/v1/admin/backups/${id}/delete`, 'POST')).toBe(403);
    expect(await send(`/grafana/v1/operate/backups`, 'POST')).toBe(403);
    expect(await send(`/grafana/v1/read/backups/${id}/delete`, 'POST')).toBe(404);
    expect((await genesis.api('GET', `/backups/${id}`)).status).toBe(200);
  }, 60_000);

  it('goes the whole way by the twins: files, keep, plan, restore in place, delete, audit', async () => {
    const ada = await personOf();
    writeFileSync(path.join(data, 'orders/2.json'), '{"order":2}');
    const { id } = await backUp(genesis, 'incremental');
    const params = { id };
    const files = await proxied<{ items: { path: string }[] }>(
      genesis,
      'listBackupFiles',
      { params, body: { q: '2.JSON' } },
      ada,
    );
    expect(files.body.items.map((file) => file.path)).toEqual(['shop/orders/2.json']);
    expect((await proxied(genesis, 'patchBackup', { params, body: { keep: true, reason: 'audit' } }, ada)).status).toBe(
      200,
    );
    writeFileSync(path.join(data, 'orders/2.json'), 'overwritten');
    const wish = { target: { kind: 'in_place' }, confirm: 'shop', reason: 'overwritten by mistake' };

    const plan = await proxied<Plan>(
      genesis,
      'restoreBackup',
      { params, as: 'admin', body: { ...wish, dryRun: true } },
      ada,
    );
    const restored = await proxied<Operation>(
      genesis,
      'restoreBackup',
      { params, as: 'admin', body: { ...wish, planEtag: plan.body.etag } },
      ada,
    );

    expect(plan.body).toMatchObject({ destructive: true, confirm: 'shop', reasonRequired: true, role: 'admin' });
    expect(plan.body.atStake[0]).toContain(data);
    expect(restored.status).toBe(202);
    expect((await genesis.waitForOperation(restored.body.id)).state).toBe('succeeded');
    expect(readFileSync(path.join(data, 'orders/2.json'), 'utf8')).toBe('{"order":2}');
    const kept = await proxied<{ code: string }>(
      genesis,
      'deleteBackup',
      { params, body: { confirm: 'shop', reason: 'try' } },
      ada,
    );
    expect(kept.body.code).toBe('backup_kept');
    const log = await proxied<{ items: AuditEntry[] }>(genesis, 'listAudit', { body: { q: 'mistake', limit: 5 } }, ada);
    expect(log.body.items).toMatchObject([
      { action: 'restore', result: 'succeeded', reason: 'overwritten by mistake' },
      { action: 'restore', result: 'intent' },
    ]);
    const file = await proxied(genesis, 'exportAudit', { body: { format: 'csv', actor: 'Ada Lovelace (ada)' } }, ada);
    expect(file.text.split('\r\n').length).toBeGreaterThan(4);
    expect((await proxied(genesis, 'verifyAudit', {}, ada)).body).toMatchObject({ state: 'intact' });
  }, 120_000);

  it('shows what can be reached, newest point last', async () => {
    const reached = await proxied<RecoverableReply>(genesis, 'recoverable', { params: { name: 'shop' } });

    const times = reached.body.points.map(({ dataAt }) => dataAt);
    expect(times.length).toBeGreaterThanOrEqual(3);
    expect(times).toEqual([...times].sort());
    expect(reached.body).toMatchObject({ dataTo: times.at(-1), gaps: [], unusable: [] });
  });

  it('tells the alerts that Alertmanager holds, and does not call a silent one quiet', async () => {
    const alerts = async (): Promise<AlertsReply['alerts']> =>
      (await proxied<AlertsReply>(genesis, 'listAlerts')).body.alerts;
    expect(await alerts()).toEqual({ known: true, value: [] });
    const labels = {
      alertname: 'BackupTooOld',
      severity: 'critical',
      service: 'shop',
      cluster: 'e2e',
      system: 'genesis-dr',
    };
    const annotations = { summary: 'shop is late', runbook_url: 'https://runbooks.example/BackupTooOld' };
    const posted = await fetch(`${alertmanagerUrl}/api/v2/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([{ labels, annotations }, { labels: { ...labels, system: 'other' } }]),
    });
    expect(posted.status).toBe(200);

    const held = await waitUntil('the alert is seen', async () => {
      const now = await alerts();
      return now.known && now.value.length > 0 ? now.value : undefined;
    });

    expect(held).toMatchObject([
      {
        name: 'BackupTooOld',
        severity: 'critical',
        service: 'shop',
        state: 'active',
        summary: 'shop is late',
        links: { runbook: 'https://runbooks.example/BackupTooOld' },
      },
    ]);
  }, 60_000);
});
