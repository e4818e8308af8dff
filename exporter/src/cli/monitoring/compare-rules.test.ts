import { compareRules, expressionsToAsk } from './compare-rules.ts';
import { expectedGroups } from './expected-rules.ts';
import type { LoadedGroup, LoadedRule } from './prometheus-read.ts';
import { examine, found, installation } from './testing.ts';

const group = (expr: string) =>
  expectedGroups([
    { path: 'rules.yml', content: JSON.stringify({ groups: [{ name: 'g', rules: [{ record: 'r', expr }] }] }) },
  ]);

function loaded(...queries: string[]): LoadedGroup[] {
  const rules = queries.map((query): LoadedRule => ({ type: 'recording', name: 'r', query, health: 'ok' }));
  return [{ name: 'g', file: 'rules.yml', interval: 30, evaluationTime: 0, lastEvaluation: '', rules }];
}

it('takes white space between words for nothing, and that within quotes for something', () => {
  expect(compareRules(group('sum by(a) ( x )'), loaded('sum by (a) (x)'))).toEqual([]);
  expect(compareRules(group('x{a="b c"}'), loaded('x{a="bc"}'))).toHaveLength(1);
});

it('asks only about expressions that look different', () => {
  expect(expressionsToAsk(group('sum by(a) (x)'), loaded('sum by (a) (x)'))).toEqual([]);
  expect(expressionsToAsk(group('rate(x[24h])'), loaded('rate(x[1d])'))).toEqual(['rate(x[24h])', 'rate(x[1d])']);
});

it('believes Prometheus that two spellings are one expression', () => {
  const forms = new Map([
    ['rate(x[24h])', 'rate(x[1d])'],
    ['rate(x[1d])', 'rate(x[1d])'],
  ]);

  expect(compareRules(group('rate(x[24h])'), loaded('rate(x[1d])'), forms)).toEqual([]);
  expect(compareRules(group('rate(x[24h])'), loaded('rate(x[1d])'))).toMatchObject([
    { kind: 'differs', parts: ['expr'] },
  ]);
});

it('finds the fitting one among rules of the same name, wherever it stands', () => {
  const both = expectedGroups([
    {
      path: 'rules.yml',
      content: JSON.stringify({
        groups: [
          {
            name: 'g',
            rules: [
              { record: 'r', expr: 'a' },
              { record: 'r', expr: 'b' },
            ],
          },
        ],
      }),
    },
  ]);

  expect(compareRules(both, loaded('b', 'a'))).toEqual([]);
  expect(compareRules(both, loaded('a', 'a'))).toMatchObject([{ kind: 'differs', rule: 'r' }, { kind: 'surplus' }]);
});

it('lets Prometheus judge in a whole examination: it sorts matchers and drops line ends', async () => {
  const it = installation();

  expect(found(await examine(it), 'rules_loaded')).toMatch(/^ok: /);
  expect(it.asked.filter((url) => url.includes('format_query'))).toHaveLength(2);
});

it('says that expressions differ where Prometheus does not know how to write them', async () => {
  const it = installation();
  delete it.answers['formats'];

  expect(found(await examine(it), 'rules_loaded')).toBe('fail: differing: GenesisDRExporterDown (expr)');
});
