import type { Target } from '#generators/alertmanager';
import { fail, ok, type Outcome } from '../../contract/errors.ts';
import type { CliDeps } from '../deps.ts';
import { testAnnotations } from './alertmanager.ts';
import { targetName, type Delivery } from './delivery.ts';
import { request } from './http.ts';

export interface StraightTest {
  readonly cluster: string;
  readonly receiver: string;
  readonly targets: readonly Target[];
  readonly alertname: string;
  /** The secret in a file, or why it cannot be had. */
  readonly readSecretFile: (path: string) => Outcome<string>;
}

/** Sends the test message to each target without Alertmanager: shows that address and secret are right, not that routes are. */
export async function testStraight(deps: CliDeps, test: StraightTest): Promise<Delivery[]> {
  const deliveries: Delivery[] = [];
  for (const target of test.targets) {
    const { state, detail } = await sendTo(deps, test, target);
    deliveries.push({ receiver: test.receiver, kind: target.kind, target: targetName(target), state, detail });
  }
  return deliveries;
}

type Verdict = Pick<Delivery, 'state' | 'detail'>;

async function sendTo(deps: CliDeps, test: StraightTest, target: Target): Promise<Verdict> {
  switch (target.kind) {
    case 'email':
      return { state: 'not_tried', detail: 'only Alertmanager can send e-mail' };
    case 'slack':
      return verdictOf(await sendToSlack(deps, test, target));
    case 'pagerduty':
      return sendToPagerDuty(deps, test, target);
    case 'webhook':
      return verdictOf(await sendToWebhook(deps, test, target));
  }
}

function verdictOf(sent: Outcome<string>): Verdict {
  return sent.ok ? { state: 'delivered', detail: sent.value } : { state: 'failed', detail: sent.error.message };
}

/** Accepted means 2xx; the body may repeat what was sent and is not shown. */
async function post(deps: CliDeps, address: string, body: unknown): Promise<Outcome<string>> {
  const url = URL.parse(address.trim());
  if (url === null || !/^https?:$/.test(url.protocol))
    return fail('config_invalid', 'its file does not hold an http or https address');
  const reply = await request(deps.fetch, url.href, url.host, body);
  if (!reply.ok) return reply;
  const { status } = reply.value;
  return status >= 200 && status < 300
    ? ok(`${url.host} took it (${status})`)
    : fail('io_failed', `${url.host} answered ${status}`);
}

async function sendToSlack(
  deps: CliDeps,
  test: StraightTest,
  { apiUrlFile, channel }: Target & { kind: 'slack' },
): Promise<Outcome<string>> {
  const address = test.readSecretFile(apiUrlFile);
  if (!address.ok) return address;
  const { summary, description } = testAnnotations(test.receiver);
  const text = `[TEST] ${summary} (${test.cluster})\n${description}`;
  return post(deps, address.value, { channel, username: 'Genesis DR', text });
}

async function sendToPagerDuty(
  deps: CliDeps,
  test: StraightTest,
  { routingKeyFile, url }: Target & { kind: 'pagerduty' },
): Promise<Verdict> {
  const key = test.readSecretFile(routingKeyFile);
  if (!key.ok) return { state: 'failed', detail: key.error.message };
  const { summary, description } = testAnnotations(test.receiver);
  const event = { routing_key: key.value.trim(), dedup_key: `genesis-notify-test-${deps.random.hex(6)}` };
  const triggered = await post(deps, url, {
    ...event,
    event_action: 'trigger',
    client: 'Genesis DR',
    payload: {
      summary: `[TEST] ${summary} (${test.cluster})`,
      source: 'genesis notify test',
      severity: 'info',
      custom_details: { description },
    },
  });
  if (!triggered.ok) return verdictOf(triggered);
  const resolved = await post(deps, url, { ...event, event_action: 'resolve' });
  const end = resolved.ok ? 'the incident is resolved again' : 'resolve the incident by hand: its end was not taken';
  return { state: 'delivered', detail: `${triggered.value}; ${end}` };
}

async function sendToWebhook(
  deps: CliDeps,
  test: StraightTest,
  { url, urlFile }: Target & { kind: 'webhook' },
): Promise<Outcome<string>> {
  const address = urlFile === null ? ok(url ?? '') : test.readSecretFile(urlFile);
  return address.ok ? post(deps, address.value, webhookMessage(deps, test)) : address;
}

/** Webhook message of Alertmanager, version 4. Source: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config */
function webhookMessage(deps: CliDeps, { cluster, receiver, alertname }: StraightTest): Record<string, unknown> {
  const labels = { alertname, cluster, severity: 'info' };
  const annotations = testAnnotations(receiver);
  return {
    version: '4',
    groupKey: `{}:{alertname="${alertname}"}`,
    truncatedAlerts: 0,
    status: 'firing',
    receiver,
    groupLabels: { alertname },
    commonLabels: labels,
    commonAnnotations: annotations,
    externalURL: '',
    alerts: [
      {
        status: 'firing',
        labels,
        annotations,
        startsAt: deps.clock.now().toISOString(),
        endsAt: '0001-01-01T00:00:00Z',
        generatorURL: '',
        fingerprint: '',
      },
    ],
  };
}
