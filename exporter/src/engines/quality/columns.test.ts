import { plainTable } from '../../core/quality/settings.ts';
import type { ColumnInfo } from './catalogue.ts';
import { chooseMethod, countQuery, planColumns, quoted, sampleQuery } from './columns.ts';
import { horizonBetween } from './horizon.ts';
import { createSampleBuilder } from './sample-builder.ts';

function column(name: string, base: string, category: string, change: Partial<ColumnInfo> = {}): ColumnInfo {
  return { name, type: base, base, category, nullable: true, ...change };
}

const table = { schema: 'public', table: 'orders' };
const infos = [
  column('id', 'bigint', 'N'),
  column('price', 'money', 'N'),
  column('at', 'timestamp with time zone', 'D'),
  column('mail', 'text', 'S'),
  column('kind', 'mood', 'E'),
  column('data', 'jsonb', 'U'),
  column('kept', 'boolean', 'B'),
];

describe('planColumns()', () => {
  it('reads each column by its type', () => {
    const { columns } = planColumns(infos, plainTable('public.orders'));

    expect(columns.map(({ info, reads, form }) => [info.name, reads, form])).toEqual([
      ['id', 'number', 'numeric'],
      ['price', 'number', 'numeric'],
      ['at', 'number', 'time'],
      ['mail', 'text', 'text'],
      ['kind', 'text', 'text'],
      ['data', 'text', 'other'],
      ['kept', 'text', 'boolean'],
    ]);
  });

  it('lets the configuration say what a column is', () => {
    const types = { id: 'categorical', mail: 'numeric', at: 'text', data: 'time' } as const;

    const { columns } = planColumns(infos, { ...plainTable('public.orders'), types });

    expect(columns.map(({ reads, form }) => `${reads} ${form}`)).toEqual([
      'text categorical',
      'number numeric',
      'text text',
      'parsed numeric',
      'text text',
      'parsed time',
      'text boolean',
    ]);
  });

  it('looks at two hundred columns at most, and says so', () => {
    const many = Array.from({ length: 250 }, (_, i) => column(`c${i}`, 'integer', 'N'));

    const plan = planColumns(many, plainTable('public.orders'));

    expect(plan.columns).toHaveLength(200);
    expect(plan.left).toEqual(['only the first 200 of 250 columns are compared']);
  });
});

describe('chooseMethod()', () => {
  it('takes all of a small table, rows of a middling one and pages of a large one', () => {
    expect(chooseMethod({ bytes: 1 }, 100_000, 100_000)).toEqual({ kind: 'whole', percent: 100 });
    expect(chooseMethod({ bytes: 1e8 }, 1_000_000, 100_000)).toEqual({ kind: 'bernoulli', percent: 9.8 });
    expect(chooseMethod({ bytes: 1e9 }, 10_000_000, 100_000)).toMatchObject({ kind: 'system' });
  });
});

describe('sampleQuery()', () => {
  const query = (sensitive: readonly string[]): string => {
    const plan = planColumns(infos, { ...plainTable('public.orders'), sensitive });
    const method = { kind: 'system', percent: 0.98 } as const;
    return sampleQuery(table, plan.columns, { method, seed: 42, limit: 100_000, horizon: null });
  };

  it('samples with the seed, bounded', () => {
    expect(query([])).toContain('from "public"."orders" tablesample system (0.98) repeatable (42) limit 100000');
    expect(countQuery(table, 5, 42)).toBe(
      'select count(*)::float8 as rows from "public"."orders" tablesample system (5) repeatable (42)',
    );
    expect(countQuery(table, 100, 42)).toBe('select count(*)::float8 as rows from "public"."orders"');
  });

  it('asks for the text of a column only where it is not sensitive', () => {
    expect(query([])).toContain('as t3');
    expect(query(['mail'])).not.toContain('as t3');
    expect(query(['mail'])).toContain('as h3');
    expect(query(['id'])).toContain('as h0');
  });

  it('tells rows apart that were written since', () => {
    const { columns } = planColumns(infos, plainTable('public.orders'));
    const method = { kind: 'whole', percent: 100 } as const;

    expect(sampleQuery(table, columns, { method, seed: 42, limit: 10, horizon: '750' })).toContain(
      "age(xmin) > age('750'::xid) as k",
    );
    expect(countQuery(table, 100, 42, '750')).toContain("count(*) filter (where age(xmin) > age('750'::xid))");
  });

  it('quotes every name', () => {
    expect(quoted('a"b; drop table x')).toBe('"a""b; drop table x"');
  });
});

describe('horizonBetween()', () => {
  const at = (next: string, system = '7') => ({ system, next });

  it('is the next transaction of the restored side, where the source went on from it', () => {
    expect(horizonBetween(at('1000'), at('750'))).toBe('750');
    expect(horizonBetween(at(String(2n ** 32n + 1000n)), at(String(2n ** 32n + 750n)))).toBe('750');
  });

  it('is not known of another cluster, of one that did not go on, or beyond half the circle', () => {
    expect(horizonBetween(at('1000'), at('750', '8'))).toBeNull();
    expect(horizonBetween(at('750'), at('750'))).toBeNull();
    expect(horizonBetween(at('750'), at('1000'))).toBeNull();
    expect(horizonBetween(at(String(2n ** 31n + 750n)), at('750'))).toBeNull();
    expect(horizonBetween(undefined, at('750'))).toBeNull();
  });
});

describe('createSampleBuilder()', () => {
  it('keeps numbers and fingerprints, counts what is missing and what is of another kind', () => {
    const plan = planColumns(
      [column('amount', 'text', 'S'), column('mail', 'text', 'S'), column('n', 'integer', 'N')],
      {
        ...plainTable('public.orders'),
        sensitive: ['mail'],
        types: { amount: 'numeric' },
      },
    );
    const builder = createSampleBuilder(plan.columns, 100);

    builder.add({ t0: ' 1.5 ', h1: 11, l1: 5, n2: 1, r: 1 });
    builder.add({ t0: 'none', h1: null, l1: null, n2: null, r: 2 });
    builder.add({ t0: null, h1: 11, l1: 5, n2: Number.NaN, r: 3 });

    const sample = builder.done({ name: 'public.orders', size: { rows: 3, counted: true }, units: null, left: [] });
    expect(sample.rows).toBe(3);
    expect(sample.columns.map(({ missing, invalid }) => [missing, invalid])).toEqual([
      [1, 1],
      [1, 0],
      [1, 1],
    ]);
    expect([...('values' in sample.columns[0]! ? sample.columns[0].values : [])]).toEqual([
      1.5,
      Number.NaN,
      Number.NaN,
    ]);
    expect(sample.columns[1]).toMatchObject({ sensitive: true, labels: null });
    expect([...sample.rowPrints]).toEqual([1, 2, 3]);
  });

  it('forgets the texts of a column that has too many', () => {
    const plan = planColumns([column('mail', 'text', 'S')], plainTable('public.orders'));
    const builder = createSampleBuilder(plan.columns, 100);
    for (let i = 0; i < 3000; i += 1) builder.add({ h0: i, l0: 4, t0: `m${i}`, r: i });

    const [mail] = builder.done({ name: 't', size: { rows: 3000, counted: true }, units: null, left: [] }).columns;

    expect(mail).toMatchObject({ labels: null, missing: 0 });
    expect(mail !== undefined && 'lengths' in mail ? mail.prints.length : 0).toBe(3000);
  });
});
