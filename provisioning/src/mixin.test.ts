import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Config } from '@genesis-dr/exporter/config';
import { mixinFiles } from './mixin.ts';
import { partsOf, runTool, written } from './testing.ts';

// A job name that jsonnet has to quote.
const config = Config.parse({ services: [{ name: 'shop' }], rules: { job: "it's" } });
const parts = partsOf(config);
const folder = written(mixinFiles(config.rules.job, parts));
const mixin = path.join(folder, 'provisioning/generated/mixin');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function evaluate(expression: string): string {
  const text = `local mixin = (import 'mixin.libsonnet') + { _config+:: { genesisSelector: 'job="other",team="dr"' } }; ${expression}`;
  const ran = runTool('jsonnet', 'jsonnet', ['-J', mixin, '-e', text], mixin);
  expect(ran).toMatchObject({ status: 0, stderr: '' });
  return ran.stdout;
}

it.each(['prometheusAlerts', 'prometheusRules'])(
  'gives %s that promtool takes, with the selector of the user',
  (name) => {
    const text = evaluate(`mixin.${name}`);
    const file = path.join(mixin, `evaluated-${name}.json`);
    writeFileSync(file, text);
    const checked = runTool('promtool', 'prometheus', ['check', 'rules', '--lint-fatal', file], mixin);

    expect(checked).toMatchObject({ status: 0, stdout: expect.stringMatching(/SUCCESS: [1-9]\d* rules found/) });
    expect(text).not.toContain("it's");
  },
);

it('leaves no rule out', () => {
  const rules = parts
    .filter(({ path: name }) => /^rules\/generated\/.*\.yml$/.test(name))
    .map(({ content }) => content);
  const named = [...rules.join('\n').matchAll(/^ +- (?:alert|record): /gm)].length;
  const count =
    'std.length(std.flattenArrays([g.rules for g in mixin.prometheusAlerts.groups + mixin.prometheusRules.groups]))';

  expect(Number(evaluate(count))).toBe(named);
  expect(evaluate('mixin.prometheusAlerts')).toContain('job=\\"other\\",team=\\"dr\\"');
});

it('has every dashboard, with the tags of the user', () => {
  const names = parts.flatMap(({ path: name }) => (name.startsWith('dashboards/') ? [path.basename(name)] : []));
  const tags = `{ [name]: (mixin { _config+:: { dashboardTags: ['mine'] } }).grafanaDashboards[name].tags for name in std.objectFieldsAll(mixin.grafanaDashboards) }`;
  const evaluated = JSON.parse(evaluate(tags)) as Record<string, string[]>;

  expect(Object.keys(evaluated).sort()).toEqual(names.sort());
  for (const own of Object.values(evaluated)) expect(own).toContain('mine');
});
