import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { CliDeps } from '../deps.ts';
import { buildProgram } from '../program.ts';
import { inertDeps, recordOutput } from '../testing.ts';
import { judgeAtTheEnd, judgeAttempts, readAttempts, type Attempts } from './delivery.ts';

const attempts = (requests: number, failedRequests = 0, failedNotifications = 0): Attempts => ({
  requests,
  failedRequests,
  failedNotifications,
});
const none = attempts(3, 1, 1);
const after = (requests: number, failed = 0, givenUp = 0): Attempts => attempts(3 + requests, 1 + failed, 1 + givenUp);

describe('what the counters say', () => {
  it.each([
    ['nothing yet', after(0), null],
    ['handed over', after(1), 'delivered'],
    ['handed over among others', after(3), 'delivered'],
    ['refused for good', after(1, 1, 1), 'failed'],
    ['failed, tried again', after(2, 2), null],
    ['one of two failed', after(2, 1, 1), 'unknown'],
  ])('%s', (_, now, state) => {
    expect(judgeAttempts(none, now)?.state ?? null).toBe(state);
  });

  it('when the wait is over: no attempt is unknown, failed attempts are a failure', () => {
    expect(judgeAtTheEnd(none, after(0), 30)).toEqual({
      state: 'unknown',
      detail: 'Alertmanager took the alert, but no attempt was seen within 30 s',
    });
    expect(judgeAtTheEnd(none, after(2, 2), 30)).toMatchObject({
      state: 'failed',
      detail: expect.stringContaining('2 attempts failed within 30 s'),
    });
  });

  it('are read from the page of 0.25, and from later ones with a reason and a receiver', () => {
    const page = (further: string) =>
      [
        '# TYPE alertmanager_notification_requests_total counter',
        `alertmanager_notification_requests_total{integration="slack"${further}} 4`,
        'alertmanager_notification_requests_total{integration="webhook"} 9',
        'alertmanager_notification_requests_failed_total{integration="slack"} 1',
        `alertmanager_notifications_failed_total{integration="slack"${further}} 1`,
        'alertmanager_notifications_failed_total{integration="slack",reason="other"} 1e+00',
      ].join('\n');

    expect(readAttempts(page(''), 'slack')).toEqual(attempts(4, 1, 2));
    expect(readAttempts(page(',receiver_name="dr_critical"'), 'slack')).toEqual(attempts(4, 1, 2));
    expect(readAttempts(page(''), 'pagerduty')).toBeNull();
  });
});

describe('genesis notify test', () => {
  let home = '';
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'genesis-notify-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  interface Sent {
    readonly url: string;
    readonly body: Readonly<Record<string, unknown>> | null;
  }

  async function run(
    alertmanager: Record<string, unknown>,
    argv: readonly string[],
    answer: (sent: Sent) => Response | Promise<Response>,
  ) {
    mkdirSync(join(home, '.genesis'), { mode: 0o700 });
    writeFileSync(join(home, '.genesis/genesis.yaml'), stringify({ cluster: 'c', alertmanager }), { mode: 0o600 });
    const sent: Sent[] = [];
    const stdout = recordOutput();
    const stderr = recordOutput();
    const fetch: CliDeps['fetch'] = (url, init) => {
      const body = typeof init.body === 'string' ? (JSON.parse(init.body) as Record<string, unknown>) : null;
      sent.push({ url, body });
      return Promise.resolve(answer({ url, body }));
    };
    const code = await buildProgram(inertDeps({ stdout, stderr, cwd: home, fetch })).run(['notify', 'test', ...argv]);
    return { code, stdout: stdout.text(), stderr: stderr.text(), sent };
  }

  const secret = (name: string, text: string): string => {
    const file = join(home, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const took = (): Response => new Response('ok');

  it('knows its receivers', async () => {
    const ran = await run({}, ['dr_nobody'], took);

    expect(ran).toMatchObject({ code: 2, sent: [], stderr: expect.stringContaining('there are dr_team, dr_critical') });
  });

  it('refuses where nobody would be told', async () => {
    expect(await run({}, [], took)).toMatchObject({ code: 2, sent: [] });
    rmSync(join(home, '.genesis'), { recursive: true });
    const named = await run({ webhook_url: 'https://h/' }, ['dr_team'], took);

    expect(named).toMatchObject({ code: 2, sent: [], stderr: expect.stringContaining('dr_team has no target') });
  });

  it('sends nothing through an Alertmanager without the generated routes, and fails although the target takes it', async () => {
    const original = 'route: { receiver: default }\nreceivers: [{ name: default }]\n';
    const ran = await run({ webhook_url: 'https://hooks.example/x' }, ['dr_webhook'], ({ url }) =>
      url.endsWith('/api/v2/status') ? Response.json({ config: { original } }) : took(),
    );

    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/Alertmanager: FAILED: .* does not run the generated routes for dr_webhook/);
    expect(ran.stdout).toMatch(/webhook \(hooks\.example\): delivered/);
    expect(ran.sent.map(({ url }) => url)).toEqual(['http://127.0.0.1:9093/api/v2/status', 'https://hooks.example/x']);
  });

  it('does not take another program for Alertmanager', async () => {
    const ran = await run({ webhook_url: 'https://hooks.example/x' }, ['dr_webhook'], () => new Response('<html>'));

    expect(ran.stdout).toMatch(/FAILED: Alertmanager at 127\.0\.0\.1:9093 answered 200 without its configuration/);
  });

  it('counts a target that the running configuration lacks as not tried', async () => {
    const original = `route: { receiver: dr_team, routes: [{ receiver: dr_webhook, matchers: ['alertname="GenesisNotifyTest"', 'genesis_receiver="dr_webhook"'] }] }
receivers: [{ name: dr_webhook }]\n`;
    const ran = await run({ webhook_url: 'https://hooks.example/x' }, ['dr_webhook'], ({ url }) =>
      url.endsWith('/status') ? Response.json({ config: { original } }) : took(),
    );

    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/NOT TRIED: Alertmanager at 127\.0\.0\.1:9093 runs without it/);
    expect(ran.sent.at(2)).toMatchObject({ url: 'http://127.0.0.1:9093/api/v2/alerts' });
  });

  it('straight: opens and closes an incident, posts to Slack, and shows no secret', async () => {
    const alertmanager = {
      slack: { api_url_file: secret('slack', 'https://hooks.slack.example/T0/secret-token\n') },
      pagerduty: { routing_key_file: secret('key', 'secret-key\n'), url: 'https://events.example/v2/enqueue' },
    };
    const ran = await run(alertmanager, ['dr_critical', '--straight'], took);

    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.sent).toMatchObject([
      { url: 'https://hooks.slack.example/T0/secret-token', body: { channel: '#dr-alerts' } },
      {
        url: 'https://events.example/v2/enqueue',
        body: { routing_key: 'secret-key', event_action: 'trigger', payload: { severity: 'info' } },
      },
      { body: { routing_key: 'secret-key', event_action: 'resolve' } },
    ]);
    expect(ran.sent[1]?.body?.['dedup_key']).toBe(ran.sent[2]?.body?.['dedup_key']);
    expect(ran.stdout).not.toContain('secret');
  });

  it('straight: names what could not be tried, and why', async () => {
    const alertmanager = {
      email: { to: ['a@x.org'], from: 'g@x.org', smarthost: 'mail:25' },
      slack: { api_url_file: '/nonexistent/slack' },
    };
    const mail = await run(alertmanager, ['dr_team', '--straight'], took);
    rmSync(join(home, '.genesis'), { recursive: true });
    const chat = await run(alertmanager, ['dr_warning', '--straight', '--json'], took);

    expect(mail).toMatchObject({ code: 1, sent: [], stdout: expect.stringContaining('only Alertmanager can send') });
    expect(JSON.parse(chat.stdout)).toMatchObject({
      deliveries: [{ state: 'failed', detail: 'the secret file /nonexistent/slack does not exist' }],
    });
  });

  it('straight: a refusal is a failure', async () => {
    const ran = await run(
      { webhook_url: 'https://hooks.example/secret' },
      ['--straight'],
      () => new Response('', { status: 302 }),
    );

    expect(ran).toMatchObject({
      code: 1,
      stdout: 'dr_webhook: webhook (hooks.example): FAILED: hooks.example answered 302\n',
    });
  });
});
