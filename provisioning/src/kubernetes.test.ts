import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { Config } from '@genesis-dr/exporter/config';
import { matcher, toAlertmanagerConfig } from './kubernetes/alertmanager-config.ts';
import { generateFor } from './index.ts';
import { partsOf, runTool, written, contentOf } from './testing.ts';

const below = 'provisioning/generated/kubernetes';
const input = {
  cluster: 'c1',
  services: [{ name: 'shop' }],
  api: { listen: '0.0.0.0:9847', tls: { cert: '/c', key: '/k' } },
  alertmanager: {
    email: {
      to: ['a@example.org'],
      from: 'g@example.org',
      smarthost: 'mail:587',
      auth_username: 'g',
      auth_password_file: '/s/smtp',
    },
    slack: { api_url_file: '/s/slack' },
    pagerduty: { routing_key_file: '/s/pd' },
    webhook_url: 'http://hook.example.org/x',
    quiet_hours: { time_zone: 'UTC', periods: [{ from: '22:00', to: '06:00' }] },
  },
  provisioning: { kubernetes: { namespace: 'watch', labels: { release: 'kps' }, tls_secret: 'ca' } },
};
const config = Config.parse(input);
const parts = partsOf(config);
const files = generateFor('kubernetes', config, parts, { version: '1.2.3' });
const objectIn = (name: string): Record<string, unknown> =>
  parse(contentOf(files, `${below}/${name}.yaml`)) as Record<string, unknown>;

it('puts every object into the namespace, with the labels that the operator selects by', () => {
  for (const file of files.filter(({ path: name }) => !name.endsWith('kustomization.yaml'))) {
    expect(parse(file.content)).toMatchObject({
      metadata: { namespace: 'watch', labels: { release: 'kps', 'app.kubernetes.io/name': 'genesis-dr' } },
    });
  }
});

it('lists every object for kubectl apply -k', () => {
  const { resources } = objectIn('kustomization') as { resources: string[] };

  expect(resources.map((name) => `${below}/${name}`).sort()).toEqual(
    files
      .map((file) => file.path)
      .filter((name) => !name.endsWith('kustomization.yaml'))
      .sort(),
  );
});

it('has a PrometheusRule for each rule file, whose groups promtool takes', () => {
  const rules = files.filter(({ content }) => content.includes('kind: PrometheusRule'));
  const folder = written([]);
  for (const { content } of rules) {
    const file = path.join(folder, 'rules.json');
    writeFileSync(file, JSON.stringify((parse(content) as { spec: unknown }).spec));
    const ran = runTool('promtool', 'prometheus', ['check', 'rules', '--lint-fatal', file], folder);
    expect(ran).toMatchObject({ status: 0, stdout: expect.stringContaining('SUCCESS') });
  }
  rmSync(folder, { recursive: true, force: true });

  expect(rules.length).toBe(parts.filter(({ path: name }) => /^rules\/generated\/.*\.yml$/.test(name)).length);
});

it('has a ServiceMonitor that keeps the labels of Genesis, its job and its cluster', () => {
  expect(objectIn('servicemonitor')).toMatchObject({
    spec: {
      endpoints: [
        {
          honorLabels: true,
          scheme: 'https',
          tlsConfig: { ca: { secret: { name: 'ca', key: 'ca.crt' } } },
          authorization: { credentials: { name: 'genesis-dr-metrics-token', key: 'token' } },
          relabelings: [
            { targetLabel: 'job', replacement: 'genesis_dr' },
            { targetLabel: 'cluster', replacement: 'c1' },
          ],
        },
      ],
    },
  });
});

it('says that a loopback address cannot be scraped from a pod', () => {
  const local = Config.parse({});
  const made = generateFor('kubernetes', local, partsOf(local), { version: '1.2.3' });

  expect(contentOf(made, `${below}/servicemonitor.yaml`)).toMatch(/^# Genesis listens on loopback only/m);
});

it('carries each dashboard in a ConfigMap that the sidecar finds', () => {
  expect(objectIn('dashboard-dr-overview')).toMatchObject({
    kind: 'ConfigMap',
    metadata: { labels: { grafana_dashboard: '1' } },
    data: { 'dr-overview.json': expect.stringContaining('"dr-overview"') },
  });
});

describe('AlertmanagerConfig', () => {
  const { spec } = objectIn('alertmanagerconfig') as {
    spec: {
      receivers: Record<string, unknown>[];
      inhibitRules: unknown[];
      muteTimeIntervals: unknown[];
      route: unknown;
    };
  };
  const secret = (key: string) => ({ name: 'genesis-dr-alertmanager', key });

  it('takes every secret from a Secret and names its files', () => {
    const text = JSON.stringify(spec);

    expect(spec.receivers).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          name: 'dr_critical',
          slackConfigs: [expect.objectContaining({ apiURL: secret('slack'), sendResolved: true })],
          pagerdutyConfigs: [
            expect.objectContaining({
              routingKey: secret('pd'),
              pagerDutyLinkConfigs: expect.any(Array),
              clientURL: expect.any(String),
            }),
          ],
        }),
        expect.objectContaining({
          name: 'dr_team',
          emailConfigs: [
            expect.objectContaining({
              authPassword: secret('smtp'),
              requireTLS: true,
              headers: [expect.objectContaining({ key: 'Subject' })],
            }),
          ],
        }),
      ]),
    );
    expect(text).not.toMatch(/_file|_config|send_resolved/);
    expect(contentOf(files, `${below}/alertmanagerconfig.yaml`)).toContain('--from-file=slack=/s/slack');
  });

  it('keeps every route, inhibition and receiver', () => {
    const plain = parse(contentOf(parts, 'alertmanager/generated/alertmanager.yml')) as {
      route: unknown;
      receivers: unknown[];
      inhibit_rules: unknown[];
    };
    const routes = (node: unknown): number => [...JSON.stringify(node).matchAll(/"receiver":/g)].length;

    expect(routes(spec.route)).toBe(routes(plain.route));
    expect(spec.receivers).toHaveLength(plain.receivers.length);
    expect(spec.inhibitRules).toHaveLength(plain.inhibit_rules.length);
  });

  it('keeps quiet hours in UTC, and says that it cannot keep those of a zone', () => {
    expect(spec.muteTimeIntervals).toMatchObject([
      {
        timeIntervals: [
          { times: [{ startTime: '22:00', endTime: '24:00' }] },
          { times: [{ startTime: '00:00', endTime: '06:00' }] },
        ],
      },
    ]);
    const berlin = Config.parse({
      ...input,
      alertmanager: {
        ...input.alertmanager,
        quiet_hours: { time_zone: 'Europe/Berlin', periods: [{ from: '22:00', to: '23:00' }] },
      },
    });
    const { lost, spec: without } = toAlertmanagerConfig(
      contentOf(partsOf(berlin), 'alertmanager/generated/alertmanager.yml'),
    );

    expect(lost).toEqual([expect.stringContaining('no time zone')]);
    expect(JSON.stringify(without)).not.toContain('muteTimeIntervals');
  });

  it('refuses what it does not know instead of dropping it', () => {
    expect(() => toAlertmanagerConfig('route: { receiver: a, new_key: 1 }\nreceivers: [{ name: a }]\n')).toThrow(
      'new_key',
    );
  });

  it.each([
    ['a="b"', { name: 'a', matchType: '=', value: 'b' }],
    ['a!~"x|\\"y\\""', { name: 'a', matchType: '!~', value: 'x|"y"' }],
    ['region!=""', { name: 'region', matchType: '!=', value: '' }],
  ])('reads the matcher %s', (text, parsed) => {
    expect(matcher(text)).toEqual(parsed);
  });
});
