import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { parse } from 'yaml';
import { Config } from '@genesis-dr/exporter/config';
import { alerts } from '../src/alerts/index.ts';
import { generate } from '../src/index.ts';

const testdata = path.resolve(import.meta.dirname, '../testdata');
const testFiles = readdirSync(testdata).filter((name) => name.endsWith('.test.yml'));

function promtool(...args: string[]): { status: number | null; output: string } {
  const ended = spawnSync('promtool', args, { encoding: 'utf8', timeout: 120_000 });
  if (ended.error !== undefined)
    throw new Error('cannot run promtool: install the Debian package prometheus', { cause: ended.error });
  return { status: ended.status, output: ended.stdout + ended.stderr };
}

// Other tests may hold the processors: promtool alone needs about a second a file.
jest.setTimeout(120_000);

describe('promtool', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'genesis-rules-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ['a default configuration', {}],
    ['two services', { services: [{ name: 'one' }, { name: 'two' }] }],
    ['seconds instead of minutes', { rules: { evaluation_interval: '500ms', for: { BackupTooOld: '1s' } } }],
    [
      'names that need quoting',
      { cluster: `a.b"'{{x}}\\`, rules: { job: 'my "job"', grafana_url: 'http://g/{{x}}/' } },
    ],
    [
      'limits and unknown minutes of its own',
      { rules: { thresholds: { cpu_usage: 0.95 } }, sla: { missing_data: 'bad' } },
    ],
  ])('finds no fault in the rules for %s', (_, input) => {
    const targets = generate(Config.parse(input)).filter((file) => file.path.endsWith('.yml'));
    for (const file of targets) writeFileSync(path.join(folder, path.basename(file.path)), file.content);

    const checked = promtool(
      'check',
      'rules',
      '--lint-fatal',
      ...targets.map((file) => path.join(folder, path.basename(file.path))),
    );

    expect(checked.output).toContain('SUCCESS');
    expect(checked.status).toBe(0);
  });

  it.each(testFiles)('passes %s', (name) => {
    const tested = promtool('test', 'rules', path.join(testdata, name));
    expect(tested).toEqual({ status: 0, output: expect.stringContaining('SUCCESS') });
  });

  it('has for each alert a case that fires and one that stays silent', () => {
    const cases = testFiles.flatMap((name) => {
      const file = parse(readFileSync(path.join(testdata, name), 'utf8')) as {
        tests: { alert_rule_test?: { alertname: string; exp_alerts: unknown[] }[] }[];
      };
      return file.tests.map((test) => ({ alert_rule_test: test.alert_rule_test ?? [] }));
    });
    for (const { name } of alerts) {
      const fires = cases.some((test) =>
        test.alert_rule_test.some((c) => c.alertname === name && c.exp_alerts.length > 0),
      );
      // Silent through a whole test, not only before its waiting time has passed.
      const silent = cases.some((test) => {
        const own = test.alert_rule_test.filter((c) => c.alertname === name);
        return own.length > 0 && own.every((c) => c.exp_alerts.length === 0);
      });
      expect({ name, fires, silent }).toEqual({ name, fires: true, silent: name !== 'GenesisDRWatchdog' });
    }
  });
});
