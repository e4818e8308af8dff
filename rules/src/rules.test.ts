import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { metricCatalogue, OpError } from '@genesis-dr/exporter/contract';
import { Config } from '@genesis-dr/exporter/config';
import { alerts } from './alerts/index.ts';
import { externalMetrics } from './external.ts';
import { generate, generateCommitted } from './index.ts';
import { records } from './recording/index.ts';
import type { RecordDefinition } from './recording/record.ts';
import { namesIn } from './testing/promql.ts';
import { thresholds } from './thresholds.ts';

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

const checkout = path.resolve(import.meta.dirname, '../..');
const twoServices = Config.parse({ cluster: 'c1', services: [{ name: 'one' }, { name: 'two' }] });

interface Group {
  readonly name: string;
  readonly interval: string;
  readonly rules: readonly Rule[];
}

function groupsOf(config: Config): Group[] {
  return generate(config)
    .filter((file) => file.path.endsWith('.yml'))
    .flatMap((file) => (parse(file.content) as { groups: Group[] }).groups);
}

function rulesOf(config: Config): Rule[] {
  return groupsOf(config).flatMap((group) => group.rules);
}

/** Labels of everything an expression may name; null when it does not exist. */
function labelsOf(name: string): readonly string[] | null {
  const foreign = (externalMetrics as Record<string, readonly string[]>)[name];
  if (foreign !== undefined) return foreign;
  const record = (records as Record<string, RecordDefinition>)[name];
  if (record !== undefined) return record.labels;
  const families = metricCatalogue as Record<string, { readonly type: string; readonly labels: readonly string[] }>;
  const family = families[name];
  if (family !== undefined && family.type !== 'histogram') return family.labels;
  const histogram = families[name.replace(/_(bucket|sum|count)$/, '')];
  return histogram?.type === 'histogram' ? [...histogram.labels, 'le'] : null;
}

describe('generated rules', () => {
  const rules = rulesOf(twoServices);

  it.each(rules.map((rule) => [rule.alert ?? `${rule.record} ${JSON.stringify(rule.labels ?? {})}`, rule] as const))(
    '%s names only metrics and labels that exist',
    (_, rule) => {
      const { metrics, groupings } = namesIn(rule.expr);
      for (const { name, matched } of metrics) {
        expect([name, labelsOf(name)]).not.toEqual([name, null]);
        // The label that Prometheus itself makes of ours is what GenesisDRLabelCollision looks for.
        const own = matched.filter((label) => label !== 'exported_service');
        expect(labelsOf(name)).toEqual(expect.arrayContaining(own));
      }
      const made = [...rule.expr.matchAll(/label_replace\(.*?, "(\w+)"/g)].map((m) => m[1] ?? '');
      const available = new Set([...metrics.flatMap(({ name }) => labelsOf(name) ?? []), ...made]);
      expect(groupings.filter((label) => !available.has(label))).toEqual([]);
    },
  );

  it.each(alerts.map((alert) => [alert.name] as const))(
    '%s uses only labels in its texts that its expression keeps',
    (name) => {
      const rule = rules.find((r) => r.alert === name);
      const kept = new Set([...namesIn(rule?.expr ?? '').groupings, ...Object.keys(rule?.labels ?? {})]);
      const texts = [rule?.annotations?.['summary'] ?? '', rule?.annotations?.['description'] ?? ''];
      // `with` leaves out what a label would have said; all else must be there.
      const used = texts.flatMap((text) => [...text.matchAll(/(with )?\$labels\.(\w+)/g)].filter((m) => !m[1]));
      expect(used.map((m) => m[2] ?? '').filter((label) => !kept.has(label))).toEqual([]);
    },
  );

  it('evaluates a record after the records of its group that it reads', () => {
    for (const group of groupsOf(twoServices)) {
      const names = group.rules.map((rule) => rule.record ?? '');
      for (const rule of group.rules.filter((r) => r.record !== undefined))
        for (const { name } of namesIn(rule.expr).metrics)
          if (names.includes(name)) expect(names.indexOf(name)).toBeLessThan(names.indexOf(rule.record ?? ''));
    }
  });

  it('reads what is recorded each hour only by range, since a plain selector does not see it', () => {
    const slow = Object.entries<RecordDefinition>(records).filter(([, record]) => record.group === 'genesis_hourly');
    expect(slow.length).toBeGreaterThan(0);
    for (const [name] of slow)
      for (const rule of rules) expect(rule.expr.replaceAll(`${name}[`, '')).not.toContain(name);
  });

  it('expects each configured service by its name and cluster, and writes nothing else per service', () => {
    const expected = rules.filter((r) => r.record === 'service:genesis_expected:info');
    expect(expected.map((r) => r.labels)).toEqual([
      { cluster: 'c1', service: 'one' },
      { cluster: 'c1', service: 'two' },
    ]);
    const further = Object.values<RecordDefinition>(records).flatMap((record) => record.rules(twoServices)).length;
    expect(rules.length).toBe(further + alerts.length);
    expect(rules.filter((r) => JSON.stringify(r).includes('"one"'))).toHaveLength(1);
  });

  it('names each alert once and gives it what routing needs', () => {
    expect(new Set(alerts.map((a) => a.name)).size).toBe(alerts.length);
    for (const rule of rules.filter((r) => r.alert !== undefined)) {
      expect(rule.labels).toMatchObject({
        system: 'genesis-dr',
        severity: expect.any(String),
        component: expect.any(String),
      });
      expect(rule.annotations).toMatchObject({
        summary: expect.any(String),
        description: expect.any(String),
        runbook_url: `https://genesis-dr.example/runbooks/${rule.alert}`,
        dashboard_url: expect.stringMatching(/^http:\/\/localhost:3000\/d\/[a-z-]+\?var-cluster=/),
        plugin_url: expect.stringMatching(/^http:\/\/localhost:3000\/a\/genesis-dr-app\/[a-z-]+/),
      });
    }
  });

  it('holds the five alerts of the source documents with their severity and component', () => {
    const found = alerts.map((a) => `${a.name} ${a.severity} ${a.component}`);
    expect(found).toEqual(
      expect.arrayContaining([
        'BackupTooOld warning backup',
        'HighReplicationLag critical replication',
        'LowDRReadiness warning readiness',
        'DRTestOverdue warning testing',
        'RPOViolation critical recovery',
      ]),
    );
  });
});

describe('configuration', () => {
  it('sets the intervals and the waiting time of an alert by its name', () => {
    const config = Config.parse({ rules: { for: { BackupTooOld: '2s' } } });

    expect(Object.fromEntries(groupsOf(config).map((group) => [group.name, group.interval]))).toEqual({
      genesis_records: '30s',
      genesis_traffic: '30s',
      genesis_sli: '1m',
      genesis_hourly: '1h',
      genesis_windows: '2m',
      genesis_alerts: '30s',
      system_health: '30s',
      data_quality: '5m',
    });
    const waits = Object.fromEntries(rulesOf(config).map((r) => [r.alert, r.for]));
    expect(waits).toMatchObject({ BackupTooOld: '2s', GenesisBackupSLAViolation: '5m', DRTestOverdue: '1h' });
  });

  it('shortens every interval with a short evaluation interval, and lengthens only what would be quicker than a long one', () => {
    const intervals = (evaluation: string) =>
      groupsOf(Config.parse({ rules: { evaluation_interval: evaluation } })).map((group) => group.interval);

    expect(intervals('1s')).toEqual(['1s', '1s', '2s', '2m', '4s', '1s', '1s', '10s']);
    expect(intervals('90s')).toEqual(['1m30s', '1m30s', '1m30s', '1h', '2m', '1m30s', '1m30s', '5m']);
  });

  it('takes a limit by its name from the configuration', () => {
    const expr = (config: Config) => rulesOf(config).find((rule) => rule.alert === 'HighErrorRate')?.expr;

    expect(expr(Config.parse({}))).toContain('> 0.05');
    expect(expr(Config.parse({ rules: { thresholds: { error_rate: 0.2 } } }))).toContain('> 0.2');
  });

  it('refuses a limit that does not exist, naming those that do', () => {
    const config = Config.parse({ rules: { thresholds: { cpu: 0.9 } } });

    expect(() => generate(config)).toThrow(/no threshold with cpu; there are cpu_usage, /);
  });

  it('lets an escalation wait as long as the configuration says', () => {
    const config = Config.parse({ alertmanager: { escalation: { after: '10m' } } });

    expect(rulesOf(config).find((rule) => rule.alert === 'GenesisDREscalation')?.for).toBe('10m');
  });

  it('counts minutes of which nothing is known as broken where the configuration says so', () => {
    const sli = (missing_data: 'exclude' | 'bad') =>
      rulesOf(Config.parse({ sla: { missing_data } })).find((rule) => rule.labels?.['sla'] === 'rto_sla')?.expr;

    expect(sli('exclude')).not.toContain('service:genesis_expected:info');
    expect(sli('bad')).toMatch(/or on \(cluster, service\) 0 \* service:genesis_expected:info$/);
  });

  it('refuses a waiting time for an alert that does not exist, naming those that do', () => {
    const config = Config.parse({ rules: { for: { BackupToOld: '2s' } } });

    expect(() => generate(config)).toThrow(OpError);
    expect(() => generate(config)).toThrow(/no alert with BackupToOld; there are .*BackupTooOld/);
  });

  it('takes a cluster name and an address as text, not as pattern or template', () => {
    const config = Config.parse({
      cluster: 'a.b"{{x}}\\',
      rules: {
        job: 'my "job"',
        runbook_base_url: 'https://wiki.example/r/',
        grafana_url: 'https://grafana.example/sub/',
      },
    });
    const down = rulesOf(config).find((r) => r.alert === 'GenesisDRExporterDown');

    expect(down?.expr).toContain('up{job="my \\"job\\"",cluster=~"a\\\\.b\\"\\\\{\\\\{x\\\\}\\\\}\\\\\\\\|"}');
    expect(down?.labels?.['cluster']).toBe('a.b"{{ "{{" }}x}}\\');
    expect(down?.annotations).toMatchObject({
      runbook_url: 'https://wiki.example/r/GenesisDRExporterDown',
      plugin_url: expect.stringMatching(/^https:\/\/grafana\.example\/sub\/a\/genesis-dr-app\/overview/),
      dashboard_url: expect.stringContaining('/d/exporter?var-cluster=a.b%22%7B%7Bx%7D%7D%5C'),
    });
  });
});

/** Whether a call such as `backup SERVICE --type full` is in the reference of the command line: the command and each of its options. */
function isCommand(call: string, sections: readonly string[]): boolean {
  const words = call.split(' ');
  const found = [2, 1].flatMap((count) => {
    const command = words.slice(0, count).join(' ');
    return sections.filter((section) => new RegExp(`^${command}( [<[]|\n|$)`).test(section));
  })[0];
  const options = words.filter((word) => word.startsWith('--'));
  return found !== undefined && options.every((option) => new RegExp(`\`${option}[ \`]`).test(found));
}

describe('what belongs to the rules', () => {
  it('is committed as it is generated', () => {
    // What writes them adds a line about version and configuration.
    const unstamped = (text: string) => text.replace(/^# Made by genesis .*\n/m, '');
    for (const file of generateCommitted())
      expect(unstamped(readFileSync(path.join(checkout, file.path), 'utf8'))).toBe(file.content);
  });

  it.each(alerts.map((alert) => [alert.name] as const))(
    '%s has a runbook that tells all that a person called at night needs',
    (name) => {
      const file = path.join(checkout, 'docs/runbooks', `${name}.md`);
      expect([name, existsSync(file)]).toEqual([name, true]);
      const text = readFileSync(file, 'utf8');
      expect(text).toMatch(new RegExp(`^# ${name}\n`));
      const sections = [...text.matchAll(/^## (.*)$/gm)].map((m) => m[1]);
      expect([name, sections]).toEqual([name, ['Meaning', 'Impact', 'How to look', 'What to do', 'How to prevent it']]);
      expect(text).toMatch(/^Last reviewed: \d{4}-\d\d-\d\d$/m);
      const test = /^Last tested: `(rules\/testdata\/\S+\.test\.yml)`$/m.exec(text)?.[1] ?? '';
      expect([name, existsSync(path.join(checkout, test))]).toEqual([name, true]);
      expect(readFileSync(path.join(checkout, test), 'utf8')).toContain(`alertname: ${name}\n        exp_alerts:\n`);
    },
  );

  it('names in its runbooks only commands and metrics that exist', () => {
    const sections = readFileSync(path.join(checkout, 'docs/reference/cli.md'), 'utf8')
      .split('\n### genesis ')
      .slice(1);
    const noMetrics = ['genesis_dr', ...groupsOf(twoServices).map((group) => group.name)];
    for (const { name } of alerts) {
      const text = readFileSync(path.join(checkout, 'docs/runbooks', `${name}.md`), 'utf8');
      const unknown = [...text.matchAll(/`genesis ([^`]+)`/g)].filter(([, call]) => !isCommand(call ?? '', sections));
      expect([name, unknown.map(([call]) => call)]).toEqual([name, []]);
      const names = [...text.matchAll(/(?:\w+:)?genesis_\w+(?::\w+)?/g)].map((m) => m[0]);
      const missing = names.filter((metric) => !noMetrics.includes(metric) && labelsOf(metric) === null);
      expect([name, missing]).toEqual([name, []]);
    }
  });

  it('has every limit in docs/alerting.md', () => {
    const text = readFileSync(path.join(checkout, 'docs/alerting.md'), 'utf8');
    for (const [name, value] of Object.entries(thresholds))
      expect(text).toMatch(new RegExp(`^\\| \`${name}\` +\\| ${value} +\\|`, 'm'));
  });

  it('is listed in the README with the words of docs/alerting.md', () => {
    const readme = readFileSync(path.join(checkout, 'README.md'), 'utf8').split('\n');
    const rows = readFileSync(path.join(checkout, 'docs/alerting.md'), 'utf8')
      .split('\n')
      .filter((line) => /^\| \[\w+\]\(runbooks\//.test(line))
      .map((line) => line.split('|').map((cell) => cell.trim()));
    expect(rows).toHaveLength(alerts.length);
    for (const [, name = '', severity, , when, todo] of rows)
      expect(readme).toContain(`| ${name.replace('(', '(docs/')} | ${severity} | ${when} | ${todo} |`);
  });

  it('is listed in docs/alerting.md with severity and waiting time', () => {
    const text = readFileSync(path.join(checkout, 'docs/alerting.md'), 'utf8');
    for (const rule of rulesOf(twoServices).filter((r) => r.alert !== undefined)) {
      const row = text.split('\n').find((line) => line.startsWith(`| [${rule.alert}](runbooks/${rule.alert}.md) `));
      expect([rule.alert, row]).not.toEqual([rule.alert, undefined]);
      expect(row?.split('|').map((cell) => cell.trim())).toEqual(
        expect.arrayContaining([rule.labels?.['severity'], rule.for ?? '0']),
      );
    }
  });
});
