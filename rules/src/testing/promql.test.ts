import { namesIn } from './promql.ts';

describe('namesIn', () => {
  it('finds metrics with their matchers and all grouping labels', () => {
    const found = namesIn(
      'sum by (a, b) (rate(x_total{c="1 or y",d=~"e|"}[5m])) > on (a) group_left (f) 2e3 * level:x:max or vector(+Inf)',
    );

    expect(found.metrics).toEqual([
      { name: 'x_total', matched: ['c', 'd'] },
      { name: 'level:x:max', matched: [] },
    ]);
    expect(found.groupings).toEqual(['a', 'b', 'a', 'f']);
  });

  it('takes neither aggregations, functions nor range units for metrics', () => {
    expect(
      namesIn('topk by (a) (1, group by (a) (m offset 5m)) unless count_over_time(n[1h])').metrics.map((m) => m.name),
    ).toEqual(['m', 'n']);
  });
});
