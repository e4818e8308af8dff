import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { metricCatalogue, OpError } from '@genesis-dr/exporter/contract';
import { Config } from '@genesis-dr/exporter/config';
import { alerts } from './alerts/index.ts';
import { generate, generateCommitted } from './index.ts';
import { records } from './recording/index.ts';
import type { RecordDefinition } from './recording/record.ts';
import { namesIn } from './testing/promql.ts';

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

function rulesOf(config: Config): Rule[] {
  const [file] = generate(config);
  const document = parse(file?.content ?? '') as { groups: { name: string; interval: string; rules: Rule[] }[] };
  return document.groups.flatMap((group) => group.rules);
}

/** Labels of everything an expression may name; null when it does not exist. */
function labelsOf(name: string): readonly string[] | null {
  if (name === 'up') return ['job', 'instance', 'cluster'];
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
        expect(labelsOf(name)).toEqual(expect.arrayContaining([...matched]));
      }
      const available = new Set(metrics.flatMap(({ name }) => labelsOf(name) ?? []));
      expect(groupings.filter((label) => !available.has(label))).toEqual([]);
    },
  );

  it.each(alerts.map((alert) => [alert.name] as const))(
    '%s uses only labels in its texts that its expression keeps',
    (name) => {
      const rule = rules.find((r) => r.alert === name);
      const kept = new Set([...namesIn(rule?.expr ?? '').groupings, ...Object.keys(rule?.labels ?? {})]);
      const used = Object.values(rule?.annotations ?? {}).flatMap((text) =>
        [...text.matchAll(/\$labels\.(\w+)/g)].map((m) => m[1]),
      );
      expect(used.filter((label) => label === undefined || !kept.has(label))).toEqual([]);
    },
  );

  it('evaluates a record after the records it reads', () => {
    const names = Object.keys(records);
    for (const rule of rules.filter((r) => r.record !== undefined))
      for (const { name } of namesIn(rule.expr).metrics)
        if (names.includes(name)) expect(names.indexOf(name)).toBeLessThan(names.indexOf(rule.record ?? ''));
  });

  it('expects each configured service by its name and cluster, and writes nothing else per service', () => {
    const expected = rules.filter((r) => r.record === 'service:genesis_expected:info');
    expect(expected.map((r) => r.labels)).toEqual([
      { cluster: 'c1', service: 'one' },
      { cluster: 'c1', service: 'two' },
    ]);
    expect(rules.length - expected.length).toBe(Object.keys(records).length - 1 + alerts.length);
  });

  it('names each alert once and gives it what routing needs', () => {
    expect(new Set(alerts.map((a) => a.name)).size).toBe(alerts.length);
    for (const rule of rules.filter((r) => r.alert !== undefined)) {
      expect(rule.labels).toMatchObject({
        system: 'genesis-dr',
        severity: expect.any(String),
        component: expect.any(String),
      });
      expect(rule.annotations?.['runbook_url']).toBe(`https://genesis-dr.example/runbooks/${rule.alert}`);
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
  it('sets the evaluation interval and the waiting time of an alert by its name', () => {
    const config = Config.parse({ rules: { evaluation_interval: '1s', for: { BackupTooOld: '2s' } } });
    const [file] = generate(config);
    const document = parse(file?.content ?? '') as { groups: { interval: string; rules: Rule[] }[] };

    expect(document.groups.map((g) => g.interval)).toEqual(['1s', '1s']);
    const waits = Object.fromEntries(document.groups.flatMap((g) => g.rules).map((r) => [r.alert, r.for]));
    expect(waits).toMatchObject({ BackupTooOld: '2s', GenesisBackupSLAViolation: '5m', DRTestOverdue: '1h' });
  });

  it('refuses a waiting time for an alert that does not exist, naming those that do', () => {
    const config = Config.parse({ rules: { for: { BackupToOld: '2s' } } });

    expect(() => generate(config)).toThrow(OpError);
    expect(() => generate(config)).toThrow(/no alert with BackupToOld; there are .*BackupTooOld/);
  });

  it('takes a cluster name and an address as text, not as pattern or template', () => {
    const config = Config.parse({
      cluster: 'a.b"{{x}}\\',
      rules: { job: 'my "job"', runbook_base_url: 'https://wiki.example/r/' },
    });
    const down = rulesOf(config).find((r) => r.alert === 'GenesisDRExporterDown');

    expect(down?.expr).toContain('up{job="my \\"job\\"",cluster=~"a\\\\.b\\"\\\\{\\\\{x\\\\}\\\\}\\\\\\\\|"}');
    expect(down?.labels?.['cluster']).toBe('a.b"{{ "{{" }}x}}\\');
    expect(down?.annotations?.['runbook_url']).toBe('https://wiki.example/r/GenesisDRExporterDown');
  });
});

describe('what belongs to the rules', () => {
  it('is committed as it is generated', () => {
    for (const file of generateCommitted())
      expect(readFileSync(path.join(checkout, file.path), 'utf8')).toBe(file.content);
  });

  it.each(alerts.map((alert) => [alert.name] as const))(
    '%s has a runbook with its decision tree and a date',
    (name) => {
      const file = path.join(checkout, 'docs/runbooks', `${name}.md`);
      expect([name, existsSync(file)]).toEqual([name, true]);
      const text = readFileSync(file, 'utf8');
      expect(text).toMatch(new RegExp(`^# ${name}\n`));
      expect(text).toMatch(/^## What to do$/m);
      expect(text).toMatch(/^Last reviewed: \d{4}-\d\d-\d\d$/m);
    },
  );

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
