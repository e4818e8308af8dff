import { parse } from 'yaml';
import { Config, configHash } from './index.ts';
import { originLine, stampFile } from './stamp.ts';

const stamp = { version: '1.2.3', configHash: configHash(Config.parse({})) };
const origin = originLine(stamp);
const stamped = (path: string, content: string): string => stampFile({ path, content }, stamp).content;

it('names the version and the beginning of the hash', () => {
  expect(origin).toBe(`Made by genesis 1.2.3 from the configuration ${stamp.configHash.slice(0, 16)}`);
});

it('goes below a head that is there, and brings one where there is none', () => {
  const head = '# Generated from genesis.yaml by `genesis generate`: do not edit.';

  expect(stamped('a.yml', `${head}\na: 1\n`)).toBe(`${head}\n# ${origin}.\na: 1\n`);
  expect(stamped('a.yml', 'a: 1\n')).toBe(`${head}\n# ${origin}.\na: 1\n`);
  expect(stamped('a.libsonnet', '{}\n')).toBe(`${head.replace('#', '//')}\n// ${origin}.\n{}\n`);
});

it('stands outside of the text of a template', () => {
  expect(stamped('a.tmpl', '{{ define "x" }}y{{ end }}')).toMatch(/^\{\{- \/\* Generated .* \*\/ -\}\}\n\{\{ define/);
});

it('stands in the description of a dashboard, after its own words', () => {
  const dashboard = { title: 't', description: 'What it shows.', panels: [], schemaVersion: 42 };
  const made = JSON.parse(stamped('d.json', JSON.stringify(dashboard, null, 2))) as typeof dashboard;

  expect(made).toEqual({
    ...dashboard,
    description: expect.stringMatching(/^What it shows\. Generated .* Made by genesis/),
  });
});

it('leaves other JSON as it is: a reader may refuse a key it does not know', () => {
  expect(stamped('prometheus_rules.json', '{"groups":[]}')).toBe('{"groups":[]}');
});

it.each(['a.yml', 'a.tmpl', 'a.env'])('is written once into %s', (path) => {
  const once = stamped(path, 'a: 1\n');

  expect(stamped(path, once)).toBe(once);
});

it('changes with the configuration and not with its comments or order', () => {
  const hashOf = (text: string): string => configHash(Config.parse(parse(text)));

  expect(hashOf('cluster: a\nlog: { level: warn }')).toBe(hashOf('# why\nlog: { level: warn }\ncluster: a'));
  expect(hashOf('cluster: a')).not.toBe(hashOf('cluster: b'));
});
