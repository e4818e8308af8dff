import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { Config, receiverNames } from '@genesis-dr/exporter/config';
import { collectorFeeds, inhibitRules } from '../src/inhibit.ts';
import { rootCauses, testAlert } from '../src/route.ts';
import { everything, receiversOf, written, type Written } from '../src/testing/amtool.ts';

interface Rule {
  readonly alert?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Every alert that is generated, as the files say at this moment. */
const folder = path.resolve(import.meta.dirname, '../../rules/generated');
const alerts = readdirSync(folder)
  .filter((name) => name.endsWith('.yml'))
  .flatMap((name) => {
    const { groups = [] } = parse(readFileSync(path.join(folder, name), 'utf8')) as { groups?: { rules: Rule[] }[] };
    return groups.flatMap(({ rules }) => rules);
  })
  .flatMap((rule) => (rule.alert === undefined ? [] : [{ name: rule.alert, labels: rule.labels ?? {} }]));

function expected({ name, labels }: (typeof alerts)[number]): string[] {
  if (name === 'GenesisDRWatchdog') return ['dr_deadman'];
  if (labels['severity'] === 'none') return ['null'];
  if (labels['escalation'] === 'true') return ['dr_webhook', 'dr_escalation'];
  if (labels['severity'] === 'critical') return ['dr_webhook', 'dr_critical', 'dr_team'];
  return labels['severity'] === 'warning' ? ['dr_webhook', 'dr_warning'] : ['dr_webhook', 'dr_team'];
}

let all: Written;
let plain: Written;
beforeAll(() => {
  all = written(everything);
  plain = written({});
});
afterAll(() => {
  all.remove();
  plain.remove();
});

describe('every generated alert', () => {
  it('is there to be routed', () => {
    expect(alerts.length).toBeGreaterThan(10);
  });

  it.each(alerts)('$name reaches the receivers of its severity', (alert) => {
    const labels = { ...alert.labels, alertname: alert.name, cluster: 'c', service: 's', region: 'r' };

    expect(receiversOf(all.file, labels)).toEqual(expected(alert));
    // Without a webhook nothing else changes; without a target of its own an escalation goes to dr_critical.
    expect(receiversOf(plain.file, labels)).toEqual(
      expected(alert)
        .filter((name) => name !== 'dr_webhook')
        .map((name) => (name === 'dr_escalation' ? 'dr_critical' : name)),
    );
  });

  it('carries the labels that routes and inhibitions match on', () => {
    for (const { name, labels } of alerts) {
      expect({ name, ...labels }).toMatchObject({ system: 'genesis-dr', component: expect.stringMatching(/^\w+$/) });
      expect(['critical', 'warning', 'none']).toContain(labels['severity']);
    }
  });

  it('is what routes and inhibitions name', () => {
    const known = alerts.map(({ name }) => name);
    const matchers = inhibitRules(Config.parse({}))
      .flatMap((rule) => [rule['source_matchers'], rule['target_matchers']] as string[][])
      .flat();
    const named = matchers.flatMap((matcher) => /^alertname!?[=~]+"(.*)"$/.exec(matcher)?.[1]?.split('|') ?? []);

    expect([...named, ...rootCauses].filter((name) => !known.includes(name))).toEqual([]);
  });
});

describe('alerts of other origin', () => {
  it.each([
    ['hand-written and critical', { component: 'dr', severity: 'critical' }, ['dr_webhook', 'dr_critical', 'dr_team']],
    ['hand-written without a severity', { component: 'dr' }, ['dr_webhook', 'dr_critical']],
    ['hand-written warning', { component: 'dr', severity: 'warning' }, ['dr_webhook', 'dr_warning']],
    ['of nobody in particular', { severity: 'critical' }, ['dr_webhook', 'dr_team']],
    ['of severity none', { severity: 'none', component: 'dr' }, ['null']],
  ])('%s', (_, labels, receivers) => {
    expect(receiversOf(all.file, { alertname: 'HandWritten', ...labels })).toEqual(receivers);
  });

  it('go to dr_team where nothing else is configured', () => {
    expect(receiversOf(plain.file, { alertname: 'Other' })).toEqual(['dr_team']);
  });
});

it.each(receiverNames)('a test message for %s reaches it alone', (receiver) => {
  const labels = { alertname: testAlert.name, [testAlert.receiverLabel]: receiver, severity: 'info' };

  expect(receiversOf(all.file, labels)).toEqual([receiver]);
});

it('knows collectors by the names that the exporter gives them', () => {
  const source = readFileSync(path.resolve(import.meta.dirname, '../../exporter/src/runtime/collect.ts'), 'utf8');

  for (const collector of Object.keys(collectorFeeds)) expect(source).toContain(`name: '${collector}'`);
});
