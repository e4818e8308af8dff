import { documentedMetrics } from '../testing.ts';
import { metric, metricCatalogue, metricDomains, combinations, type Family } from './index.ts';

const families = Object.entries<Family>(metricCatalogue);

const bounded = new Set([
  'cluster',
  'service',
  'trigger',
  'when',
  'region',
  'engine',
  'backup_type',
  'test_type',
  'result',
  'replica',
  'node',
  'collector',
  'sla',
  'state',
  'currency',
  'action',
  'component',
  'tier',
  'team',
  'version',
  'device',
  'method',
  'route',
  'status',
  'kind',
  'code',
  'role',
  'severity',
  'metric',
  'alert_id',
  'database',
  'table',
  'repository',
  'check',
]);

describe('metric catalogue', () => {
  it('holds every documentedMetrics metric under its exact name and type', () => {
    const types = Object.fromEntries(
      families.filter(([name]) => name in documentedMetrics).map(([name, f]) => [name, f.type]),
    );

    expect(types).toEqual(documentedMetrics);
  });

  it('holds no name twice', () => {
    const names = Object.values(metricDomains).flatMap((domain) => Object.keys(domain));

    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
    expect(names).toHaveLength(families.length);
  });

  it('has a twin of the same type and labels in the catalogue for each badly formed name', () => {
    const twins = families.filter(([, f]) => f.twin !== undefined);

    expect(twins.length).toBeGreaterThanOrEqual(6);
    for (const [, family] of twins) {
      const twin = families.find(([name]) => name === family.twin)?.[1];
      expect({ type: twin?.type, labels: twin?.labels }).toEqual({ type: family.type, labels: family.labels });
    }
  });

  it('names units last and counters with _total, but where the documents fixed the name', () => {
    const wrong = families.flatMap(([name, f]) => {
      if (f.twin !== undefined || f.from === 'process') return [];
      if (f.type === 'counter' ? !name.endsWith('_total') : name.endsWith('_total')) return [name];
      const suffix = { seconds: '_seconds', bytes: '_bytes', timestamp: '_timestamp_seconds', info: '_info' }[
        f.unit as string
      ];
      const base = f.type === 'counter' ? name.slice(0, -'_total'.length) : name;
      return suffix === undefined || base.endsWith(suffix) ? [] : [name];
    });

    expect(wrong).toEqual([]);
  });

  it('labels every genesis family with the cluster first, and only with bounded labels', () => {
    for (const [name, family] of families) {
      if (name.startsWith('genesis_')) expect([name, family.labels[0]]).toEqual([name, 'cluster']);
      expect(family.labels.filter((label) => !bounded.has(label))).toEqual([]);
      expect(new Set(family.labels).size).toBe(family.labels.length);
      if ('own' in family) expect(family.own.length).toBeLessThanOrEqual(4);
    }
  });

  it('gives durations buckets up to a day', () => {
    const long = families.flatMap(([, f]) => (f.from === 'event' && f.type === 'histogram' ? [f.buckets] : []));

    expect(long.length).toBeGreaterThanOrEqual(3);
    for (const buckets of long)
      expect(buckets).toEqual([1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 28800, 86400]);
  });
});

describe('metric()', () => {
  it('writes a selector', () => {
    expect(metric('genesis_backup_age_hours')).toBe('genesis_backup_age_hours');
    expect(metric('genesis_backup_age_hours', { service: 'x' })).toBe('genesis_backup_age_hours{service="x"}');
    expect(metric('genesis_backup_duration_seconds_bucket', { le: '60', result: ['!=', 'failure'] })).toBe(
      'genesis_backup_duration_seconds_bucket{le="60",result!="failure"}',
    );
  });

  it('escapes what would end the string', () => {
    expect(metric('genesis_backups', { service: 'a"b\\c\nd' })).toBe('genesis_backups{service="a\\"b\\\\c\\nd"}');
  });

  it('lets the compiler refuse unknown names and labels', () => {
    // @ts-expect-error: no such metric
    metric('genesis_backup_age_days');
    // @ts-expect-error: the family has no such label
    metric('genesis_backup_age_hours', { replica: 'x' });
    // @ts-expect-error: a histogram has no series of its own name
    metric('genesis_backup_duration_seconds');

    expect(metric('genesis_dr_test_total', { test_type: 'restore' })).toBe(
      'genesis_dr_test_total{test_type="restore"}',
    );
  });
});

describe('combinations()', () => {
  it('makes every combination, and none when a label has no value', () => {
    expect(combinations({ a: ['1', '2'], b: ['x'] })).toEqual([
      { a: '1', b: 'x' },
      { a: '2', b: 'x' },
    ]);
    expect(combinations({ a: [], b: ['x'] })).toEqual([]);
  });
});
