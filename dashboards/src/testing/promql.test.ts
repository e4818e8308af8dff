import { inspect, resultLabels } from './promql.ts';

describe('inspect', () => {
  it('finds selectors, groupings and ranges, and variables where durations stand', () => {
    const found = inspect(
      'sum by (a) (rate(x_total{c=~"$y",d!="z"}[$__rate_interval])) > on (b) level:x:max and {__name__="m"}',
    );

    expect(found.errors).toEqual([]);
    expect(found.selectors).toEqual([
      { name: 'x_total', matched: ['c', 'd'] },
      { name: 'level:x:max', matched: [] },
      { name: '', matched: ['__name__'] },
    ]);
    expect(found.groupings.map(({ label, kind, of }) => [label, kind, of.map((s) => s.name)])).toEqual([
      ['a', 'by', ['x_total']],
      ['b', 'other', ['x_total', 'level:x:max']],
    ]);
    expect(found.ranges).toEqual([{ function: 'rate', window: '$__rate_interval' }]);
  });

  it.each(['sum by (a (x)', 'rate(x[)', 'x{a=}', 'x +'])('reports that %s is no PromQL', (expr) => {
    expect(inspect(expr).errors).not.toEqual([]);
  });
});

describe('resultLabels', () => {
  it.each([
    ['max by (b, a) (x)', ['a', 'b']],
    ['time() - max by (a) (x)', ['a']],
    ['(time() - max by (b, a) (x)) / on (a, b) (min by (a, b) (y) > 0)', ['a', 'b']],
    ['max by (a) (x and on (b) y)', ['a']],
    ['max by (a) (x) and on (b) y', ['a']],
    ['sum(x)', []],
    ['x', null],
    ['x and on (a) y', null],
    ['max without (a) (x)', null],
    ['rate(x[5m])', null],
  ])('of %s', (expr, labels) => {
    expect(resultLabels(expr)).toEqual(labels);
  });
});
