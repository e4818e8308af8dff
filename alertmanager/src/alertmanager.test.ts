import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { parse } from 'yaml';
import { Config } from '@genesis-dr/exporter/config';
import { generate, generateCommitted } from './index.ts';

jest.setTimeout(30_000);
const checkout = path.resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(path.join(tmpdir(), 'genesis-am-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function amtool(...args: string[]): { status: number | null; stdout: string } {
  const ended = spawnSync('amtool', args, { encoding: 'utf8', timeout: 30_000 });
  if (ended.error !== undefined)
    throw new Error('cannot run amtool: install the Debian package prometheus-alertmanager', { cause: ended.error });
  return { status: ended.status, stdout: ended.stdout };
}

function written(alertmanager: Record<string, unknown>): { file: string; content: string } {
  const [generated] = generate(Config.parse({ alertmanager }));
  const file = path.join(folder, 'alertmanager.yml');
  writeFileSync(file, generated?.content ?? '');
  return { file, content: generated?.content ?? '' };
}

describe('alertmanager.yml', () => {
  it.each([
    ['without a receiver', {}],
    ['with a webhook', { webhook_url: 'https://chat.example/hooks/dr', group_wait: '1s', group_interval: '250ms' }],
  ])('passes amtool %s', (_, alertmanager) => {
    const { file } = written(alertmanager);
    expect(amtool('check-config', file)).toEqual({ status: 0, stdout: expect.stringContaining('SUCCESS') });
  });

  it('routes the Watchdog to nobody and everything else to dr_team', () => {
    const { file } = written({});
    const route = (...labels: string[]): string =>
      amtool('config', 'routes', 'test', `--config.file=${file}`, ...labels).stdout.trim();

    expect(route('alertname=GenesisDRWatchdog', 'system=genesis-dr', 'severity=none')).toBe('null');
    expect(route('alertname=BackupTooOld', 'system=genesis-dr', 'severity=warning', 'component=backup')).toBe(
      'dr_team',
    );
    expect(route('alertname=HandWritten', 'component=dr')).toBe('dr_team');
  });

  it('sends resolutions too, and takes its waits from the configuration', () => {
    const { content } = written({
      webhook_url: 'http://127.0.0.1:9/x',
      group_wait: '1s',
      group_interval: '2s',
      repeat_interval: '1h',
    });
    const document = parse(content) as { route: Record<string, unknown>; receivers: { name: string }[] };

    expect(document.route).toMatchObject({
      group_by: ['alertname', 'cluster', 'service'],
      group_wait: '1s',
      group_interval: '2s',
      repeat_interval: '1h',
    });
    expect(document.receivers).toContainEqual({
      name: 'dr_team',
      webhook_configs: [{ url: 'http://127.0.0.1:9/x', send_resolved: true }],
    });
    expect(content).not.toContain('tells nobody');
  });

  it('says what to fill in while nobody is told', () => {
    expect(written({}).content).toMatch(/^# dr_team tells nobody yet: set alertmanager\.webhook_url/m);
  });

  it('is committed as it is generated', () => {
    for (const file of generateCommitted())
      expect(readFileSync(path.join(checkout, file.path), 'utf8')).toBe(file.content);
  });
});
