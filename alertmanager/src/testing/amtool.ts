import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Config } from '@genesis-dr/exporter/config';
import { generate } from '../index.ts';

/** Everything that can be set; its secrets are paths that need not exist: amtool does not open them. */
export const everything = {
  email: {
    to: ['dr-team@example.org', 'lead@example.org'],
    from: 'genesis@example.org',
    smarthost: 'mail.example.org:587',
    auth_username: 'genesis',
    auth_password_file: '/etc/genesis/secrets/smtp-password',
  },
  slack: { api_url_file: '/etc/genesis/secrets/slack-url', warning_channel: '#dr-warnings' },
  pagerduty: { routing_key_file: '/etc/genesis/secrets/pagerduty-key' },
  webhook_url: 'https://chat.example/hooks/dr',
  deadman: { url: 'https://heartbeat.example/genesis' },
  quiet_hours: {
    time_zone: 'Europe/Berlin',
    periods: [{ from: '22:00', to: '06:00', weekdays: ['friday', 'sunday'] }],
  },
  escalation: { email_to: ['head@example.org'], routing_key_file: '/etc/genesis/secrets/second-line' },
};

export function amtool(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const ended = spawnSync('amtool', args, { encoding: 'utf8', timeout: 30_000 });
  if (ended.error !== undefined)
    throw new Error('cannot run amtool: install the Debian package prometheus-alertmanager', { cause: ended.error });
  return { status: ended.status, stdout: ended.stdout, stderr: ended.stderr };
}

export interface Written {
  readonly folder: string;
  /** Path and text of alertmanager.yml. */
  readonly file: string;
  readonly content: string;
  remove(): void;
}

/** The generated files of one configuration in a temporary folder. */
export function written(alertmanager: Record<string, unknown>): Written {
  const folder = mkdtempSync(path.join(tmpdir(), 'genesis-am-'));
  const files = generate(Config.parse({ alertmanager }));
  for (const file of files) {
    mkdirSync(path.dirname(path.join(folder, file.path)), { recursive: true });
    writeFileSync(path.join(folder, file.path), file.content);
  }
  return {
    folder,
    file: path.join(folder, 'alertmanager/generated/alertmanager.yml'),
    content: files[0]?.content ?? '',
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Receivers that an alert with these labels reaches, by amtool. */
export function receiversOf(file: string, labels: Readonly<Record<string, string>>): string[] {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  const { status, stdout, stderr } = amtool('config', 'routes', 'test', `--config.file=${file}`, ...pairs);
  if (status !== 0) throw new Error(`amtool config routes test: ${stderr}`);
  return stdout.trim().split(',');
}
