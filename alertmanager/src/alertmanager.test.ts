import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { Config } from '@genesis-dr/exporter/config';
import { generate, generateCommitted } from './index.ts';
import { quietHours } from './quiet-hours.ts';
import { amtool, everything, written, type Written } from './testing/amtool.ts';

const checkout = path.resolve(import.meta.dirname, '../..');
const made: Written[] = [];
afterAll(() => made.forEach((one) => one.remove()));

function configured(alertmanager: Record<string, unknown>): Written {
  const one = written(alertmanager);
  made.push(one);
  return one;
}

interface Receiver extends Readonly<Record<string, unknown>> {
  readonly name: string;
}

const documentOf = (alertmanager: Record<string, unknown>) =>
  parse(generate(Config.parse({ alertmanager }))[0]?.content ?? '') as {
    route: Record<string, unknown>;
    receivers: Receiver[];
    inhibit_rules: Record<string, unknown>[];
    time_intervals?: unknown;
  };

describe('alertmanager.yml', () => {
  it.each([
    ['without a receiver', {}],
    ['with a webhook', { webhook_url: 'https://chat.example/hooks/dr', group_wait: '1s', group_interval: '250ms' }],
    ['with e-mail alone', { email: everything.email }],
    ['with everything', everything],
  ])('passes amtool %s', (_, alertmanager) => {
    const { status, stdout } = amtool('check-config', configured(alertmanager).file);

    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('SUCCESS') });
    expect(stdout).toContain('1 templates');
  });

  it('takes its waits from the configuration', () => {
    const waits = { group_wait: '1s', group_interval: '2s', repeat_interval: '1h' };

    expect(documentOf(waits).route).toMatchObject({ group_by: ['alertname', 'cluster', 'service'], ...waits });
  });

  it('says of each receiver what to fill in while it tells nobody', () => {
    const silent = (alertmanager: Record<string, unknown>): (string | undefined)[] =>
      [...(generate(Config.parse({ alertmanager }))[0]?.content ?? '').matchAll(/^# (\w+) tells nobody yet/gm)].map(
        ([, name]) => name,
      );

    expect(silent({})).toEqual(['dr_team', 'dr_critical', 'dr_warning', 'dr_deadman']);
    expect(silent({ email: everything.email })).toEqual(['dr_critical', 'dr_deadman']);
    expect(silent(everything)).toEqual([]);
  });

  it('names secrets by their file only', () => {
    const content = configured(everything).content;

    expect(content).toContain('api_url_file: /etc/genesis/secrets/slack-url');
    expect(content).toContain('routing_key_file: /etc/genesis/secrets/pagerduty-key');
    expect(content).toContain('auth_password_file: /etc/genesis/secrets/smtp-password');
    expect(content).not.toMatch(/^\s*-?\s*(api_url|routing_key|service_key|auth_password|auth_secret):/m);
  });

  it('tells of resolutions wherever people read, and sends none to the dead man’s switch', () => {
    const { receivers } = documentOf(everything);
    const sends = receivers.flatMap(({ name, ...integrations }) =>
      Object.entries(integrations as Record<string, [{ send_resolved: boolean }]>).map(([kind, [one]]) => {
        return [name, kind, one.send_resolved];
      }),
    );

    expect(sends).toEqual([
      ['dr_team', 'email_configs', true],
      ['dr_critical', 'slack_configs', true],
      ['dr_critical', 'pagerduty_configs', true],
      ['dr_warning', 'slack_configs', true],
      ['dr_escalation', 'email_configs', true],
      ['dr_escalation', 'pagerduty_configs', true],
      ['dr_webhook', 'webhook_configs', true],
      ['dr_deadman', 'webhook_configs', false],
    ]);
  });

  it('uses what came later only when the version says so', () => {
    const now = JSON.stringify(documentOf(everything));
    const later = documentOf({
      ...everything,
      version: '0.30',
      webhook_url: null,
      webhook_url_file: '/etc/genesis/secrets/hook',
      deadman: { url_file: '/etc/genesis/secrets/deadman' },
    });

    expect(now).not.toMatch(/"timeout"|"url_file"/);
    expect(later.inhibit_rules.every((rule) => typeof rule['name'] === 'string')).toBe(true);
    expect(later.receivers.find(({ name }) => name === 'dr_deadman')).toEqual({
      name: 'dr_deadman',
      webhook_configs: [{ url_file: '/etc/genesis/secrets/deadman', send_resolved: false, timeout: '10s' }],
    });
  });

  it('is committed as it is generated, but for the line that tells its origin', () => {
    const unstamped = (text: string): string =>
      text
        .split('\n')
        .filter((line) => !line.includes('Made by genesis'))
        .join('\n');

    for (const file of generateCommitted())
      expect(unstamped(readFileSync(path.join(checkout, file.path), 'utf8'))).toBe(file.content);
  });
});

describe('quiet hours', () => {
  const hours = (periods: unknown[]) =>
    quietHours(Config.parse({ alertmanager: { quiet_hours: { time_zone: 'Europe/Berlin', periods } } }));

  it('are none by default', () => {
    expect(hours([])).toEqual([]);
    expect(documentOf({}).time_intervals).toBeUndefined();
  });

  it('are split at midnight, the morning belonging to the day after', () => {
    expect(hours([{ from: '22:00', to: '06:00', weekdays: ['friday', 'sunday'] }])).toEqual([
      {
        times: [{ start_time: '22:00', end_time: '24:00' }],
        weekdays: ['friday', 'sunday'],
        location: 'Europe/Berlin',
      },
      {
        times: [{ start_time: '00:00', end_time: '06:00' }],
        weekdays: ['saturday', 'monday'],
        location: 'Europe/Berlin',
      },
    ]);
  });

  it('may be whole days, end at midnight, or lie within one day', () => {
    expect(
      hours([
        { from: '00:00', to: '24:00', weekdays: ['saturday'] },
        { from: '18:00', to: '00:00' },
        { from: '12:00', to: '13:00' },
      ]).map(({ times }) => times[0]),
    ).toEqual([
      { start_time: '00:00', end_time: '24:00' },
      { start_time: '18:00', end_time: '24:00' },
      { start_time: '12:00', end_time: '13:00' },
    ]);
  });

  it('mute warnings and nothing else', () => {
    const muted: unknown[] = [];
    const walk = (route: { [key: string]: unknown }): void => {
      if (route['mute_time_intervals'] !== undefined) muted.push([route['receiver'], route['matchers']]);
      ((route['routes'] ?? []) as { [key: string]: unknown }[]).forEach(walk);
    };
    walk(documentOf(everything).route);

    expect(muted).toEqual([
      ['dr_warning', ['severity="warning"']],
      ['dr_warning', ['severity="warning"']],
    ]);
  });
});
