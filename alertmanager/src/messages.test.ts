import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { amtool, everything, written, type Written } from './testing/amtool.ts';

// testdata/messages/<case>.json is what Alertmanager gives its templates; <case>.txt and .html are the messages made of it.
// After a wanted change: GENESIS_GOLDEN=write, then read the difference.
const folder = path.resolve(import.meta.dirname, '../testdata/messages');
const cases = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.replace('.json', ''));

let files: Written;
beforeAll(() => {
  files = written(everything);
});
afterAll(() => files.remove());

function render(name: string, type: 'text' | 'html', text: string): string {
  const { status, stdout, stderr } = amtool(
    'template',
    'render',
    `--template.glob=${files.folder}/alertmanager/generated/templates/*.tmpl`,
    `--template.type=${type}`,
    `--template.data=${folder}/${name}.json`,
    `--template.text=${text}`,
  );
  if (status !== 0) throw new Error(`amtool template render: ${stderr}`);
  return stdout;
}

/** Every text of a receiver's integration that is a template, with its place: `slack.actions[0].url`. */
function templatesOf(value: unknown, place: string): [string, string][] {
  if (typeof value === 'string') return value.includes('{{') ? [[place, value]] : [];
  if (Array.isArray(value)) return value.flatMap((item, at) => templatesOf(item, `${place}[${at}]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => templatesOf(item, `${place}.${key}`));
}

function fields(): { text: [string, string][]; html: string } {
  const { receivers } = parse(files.content) as { receivers: Record<string, unknown>[] };
  const one = (name: string, kind: string): unknown =>
    (receivers.find((receiver) => receiver['name'] === name)?.[`${kind}_configs`] as unknown[])[0];
  const email = templatesOf(one('dr_team', 'email'), 'email');
  return {
    text: [
      ...templatesOf(one('dr_critical', 'slack'), 'slack'),
      ...templatesOf(one('dr_critical', 'pagerduty'), 'pagerduty'),
      ...email.filter(([place]) => place !== 'email.html'),
    ],
    html: email.find(([place]) => place === 'email.html')?.[1] ?? '',
  };
}

function golden(file: string): string | null {
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

it('gives PagerDuty lists that cannot be read as YAML, which later versions would take apart', () => {
  const list = render('twelve-firing-one-resolved', 'text', '{{ template "genesis.list.firing" . }}');

  expect(list).toMatch(/^\* /);
  expect(() => parse(list) as unknown).toThrow();
});

describe.each(cases)('%s', (name) => {
  it.each(['txt', 'html'] as const)('is rendered as %s as it was read and found right', (ending) => {
    const { text, html } = fields();
    const rendered =
      ending === 'html'
        ? render(name, 'html', html)
        : render(name, 'text', text.map(([place, template]) => `===== ${place}\n${template}\n`).join(''));
    const file = path.join(folder, `${name}.${ending}`);
    if (process.env['GENESIS_GOLDEN'] === 'write') writeFileSync(file, rendered);

    expect(rendered).toBe(golden(file));
  });
});
