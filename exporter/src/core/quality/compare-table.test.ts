import { compareSamples, compareTables, unknownTable } from './compare-table.ts';
import { profileOf } from './profile.ts';
import { alertsOf, reportInWords, reportOf } from './report.ts';
import type { SampleColumn, TableSample } from './sample.ts';
import { plainTable, type TableSettings } from './settings.ts';
import { storedProfile } from './sketch.ts';
import { numbers, sampleOf, spread, testSettings, texts } from './testing.ts';

const states = ['new', 'paid', 'sent', 'done'];
const rows = 2000;

/** Four columns of two thousand rows; `step` takes other rows of the same kind. */
function columns(step = 7919): SampleColumn[] {
  const values = spread(rows, step);
  return [
    numbers('amount', values),
    numbers(
      'tax',
      values.map((value, i) => value * 0.2 + (i % 7) / 100),
    ),
    texts(
      'state',
      values.map((value) => states[Math.floor(value * 4)] ?? 'new'),
    ),
    texts(
      'name',
      values.map((value, i) => `customer ${i} ${value < 0.5 ? '' : 'and sons'}`),
    ),
  ];
}

function compare(restored: TableSample, table: Partial<TableSettings> = {}, source = sampleOf(columns())) {
  return compareSamples(source, restored, { ...plainTable('public.orders'), ...table }, testSettings);
}

const change = (name: string, to: SampleColumn): SampleColumn[] =>
  columns().map((column) => (column.name === name ? to : column));

describe('compareSamples()', () => {
  it('gives the full score to the same data', () => {
    const { report, parts } = compare(sampleOf(columns()));

    expect(report).toMatchObject({ score: 1, divergence: 0, rows, rowsSource: rows, sampleError: 0, findings: [] });
    expect(parts).toEqual({ completeness: 1, uniqueness: 1, validity: 1, distribution: 1, correlation: 1, volume: 1 });
    expect(report.columns.map(({ name, kind, test }) => [name, kind, test?.test])).toEqual([
      ['amount', 'numeric', 'kolmogorov_smirnov'],
      ['tax', 'numeric', 'kolmogorov_smirnov'],
      ['state', 'categorical', 'chi_square'],
      ['name', 'text', 'kolmogorov_smirnov'],
    ]);
  });

  it('does not hold chance against another sample of the same data', () => {
    const { report } = compare(sampleOf(columns(104_729), { units: rows }), {}, sampleOf(columns(), { units: rows }));

    expect(report.score).toBeGreaterThan(0.97);
    expect(report.divergence).toBe(0);
    expect(report.sampleError).toBeCloseTo(0.98 / Math.sqrt(rows), 10);
  });

  it('fails a table that lost one column of four', () => {
    const empty = numbers(
      'amount',
      Array.from({ length: rows }, () => null),
    );

    const { report, parts } = compare(sampleOf(change('amount', empty)));

    expect(report.score).toBeLessThan(0.8);
    expect(parts.completeness).toBeLessThan(0.5);
    expect(report.columns[0]).toMatchObject({ score: 0, missingRatio: 1, missingRatioSource: 0, test: null });
    expect(report.columns[0]?.findings).toEqual(['100.0 % are missing, 0.0 % in the source']);
  });

  it('fails a table that lost half of its rows, and one that is empty', () => {
    const half = sampleOf(columns(), { size: { rows: rows / 2, counted: true } });
    const empty = sampleOf([numbers('amount', []), numbers('tax', []), texts('state', []), texts('name', [])]);

    expect(compare(half).report.score).toBeLessThan(0.8);
    expect(compare(half).report.findings).toContain('1000 rows, 2000 rows in the source');
    expect(compare(empty).report.score).toBeLessThan(0.5);
    expect(compare(empty).report.findings).toContain('empty, and the source is not');
  });

  it('has nothing against a table that is empty on both sides', () => {
    const empty = () => sampleOf([numbers('amount', [])]);

    expect(compare(empty(), {}, empty()).report).toMatchObject({ score: 1, findings: ['empty on both sides'] });
  });

  it('sees another distribution, with its effect and the differences of mean and deviation', () => {
    const moved = numbers(
      'amount',
      spread(rows).map((value) => value * 2 + 0.5),
    );

    const { report } = compare(sampleOf(change('amount', moved)));

    expect(report.divergence).toBeGreaterThan(0.5);
    expect(report.columns[0]).toMatchObject({
      test: { matches: false },
      meanDifference: expect.closeTo(1, 1) as number,
    });
    expect(report.columns[0]?.standardDeviationDifference).toBeCloseTo(0.289, 2);
    expect(report.columns[0]?.findings.join()).toContain('distributed unlike the source: D ');
  });

  it('calls a difference that many rows prove but that is small a match', () => {
    const slightly = numbers(
      'amount',
      spread(50_000).map((value) => value + 0.03),
    );
    const before = sampleOf([numbers('amount', spread(50_000))]);

    const { report } = compare(sampleOf([slightly]), {}, before);

    expect(report.columns[0]?.test).toMatchObject({ matches: true, effect: expect.closeTo(0.03, 2) as number });
    expect(report.columns[0]?.test?.pValue).toBeLessThan(1e-10);
    expect(report.score).toBeGreaterThan(0.95);
  });

  it('sees categories that changed, by Cramér’s V', () => {
    const shifted = texts(
      'state',
      spread(rows).map((value) => (value < 0.9 ? 'new' : 'lost')),
    );

    const { report } = compare(sampleOf(change('state', shifted)));

    expect(report.columns[2]?.test).toMatchObject({ test: 'chi_square', matches: false });
    expect(report.columns[2]?.test?.effect).toBeGreaterThan(0.5);
  });

  it('counts duplicates, values out of range and values of another kind', () => {
    const doubled = sampleOf(columns(), { rowPrints: Float64Array.from({ length: rows }, (_, i) => i % 1000) });
    expect(compare(doubled).report).toMatchObject({ duplicates: 1000 });
    expect(compare(doubled).parts.uniqueness).toBe(0.5);

    const { report } = compare(sampleOf(change('tax', numbers('tax', spread(rows), { invalid: 3 }))), {
      ranges: { amount: { min: 0.5, max: null } },
      types: { tax: 'numeric' },
    });
    expect(report.columns[0]?.outOfRange).toBeGreaterThan(900);
    expect(report.columns[1]?.findings).toContain('3 values are not numeric');
  });

  it('tells what became of the schema', () => {
    const restored = [
      numbers('amount', spread(rows), { type: 'real' }),
      texts(
        'state',
        spread(rows).map(() => 'new'),
        { nullable: false },
      ),
      texts(
        'name',
        spread(rows).map(() => 'x'),
      ),
      texts(
        'extra',
        spread(rows).map(() => 'x'),
      ),
    ];

    const { report, parts } = compare(sampleOf(restored));

    expect(report.schemaDrift).toEqual([
      'column amount is real, double precision in the source',
      'column tax is missing',
      'column state may not be null any more',
      'column extra is new',
    ]);
    expect(parts.validity).toBeLessThan(0.5);
  });

  it('sees a relation between columns that is gone', () => {
    const shuffled = numbers(
      'tax',
      spread(rows, 15_485_863).map((value, i) => value * 0.2 + (i % 7) / 100),
    );

    const { report } = compare(sampleOf(change('tax', shuffled)));

    expect(report.correlationDifference).toBeGreaterThan(0.7);
    expect(report.score).toBeLessThan(0.8);
  });

  it('trusts an estimate of the rows only as far as it goes', () => {
    const about = (count: number) => sampleOf(columns(), { size: { rows: count, counted: false }, units: 500 });

    expect(compare(about(1_030_000), {}, about(1_000_000)).parts.volume).toBe(1);
    expect(compare(about(500_000), {}, about(1_000_000)).parts.volume).toBe(0.5);
    expect(compare(about(1_000_000), {}, about(1_000_000)).report).toMatchObject({ rows: null, rowsSource: null });
  });
});

describe('privacy', () => {
  const names = spread(rows).map((_, i) => `person ${i}`);
  const person = (values: readonly string[]) => [texts('name', values, { sensitive: true, labels: null })];
  const table = { sensitive: ['name'] };

  it('is at risk as far as rows came through unmasked', () => {
    const risk = (restored: readonly string[]) =>
      compare(sampleOf(person(restored)), table, sampleOf(person(names))).report.privacyRisk;

    expect(risk(names)).toBe(1);
    expect(risk(names.map((_, i) => `masked ${i}`))).toBe(0);
    expect(risk(names.map((name, i) => (i % 4 === 0 ? name : `masked ${i}`)))).toBe(0.25);
  });

  it('recognises nobody by what a crowd has in common', () => {
    const cities = names.map((_, i) => `city ${i % 20}`);

    expect(compare(sampleOf(person(cities)), table, sampleOf(person(cities))).report.privacyRisk).toBe(0);
  });

  it('recognises a row by one column alone, though the others are masked', () => {
    const two = (mails: readonly string[]) =>
      sampleOf([
        ...person(names.map((_, i) => `masked ${i}`)),
        texts('mail', mails, { sensitive: true, labels: null }),
      ]);
    const source = sampleOf([...person(names), texts('mail', names, { sensitive: true, labels: null })]);

    expect(compare(two(names), { sensitive: ['name', 'mail'] }, source).report.privacyRisk).toBe(1);
  });

  it('is raised by the part of the source that was not looked at', () => {
    const source = sampleOf(person(names), { size: { rows: rows * 2, counted: true }, units: rows });
    const restored = sampleOf(person(names.map((name, i) => (i % 4 === 0 ? name : `masked ${i}`))));

    expect(compare(restored, table, source).report.privacyRisk).toBe(0.5);
  });

  it('is not known where nothing is sensitive, or only a profile is there', () => {
    expect(compare(sampleOf(columns())).report.privacyRisk).toBeNull();

    const stored = storedProfile(profileOf(sampleOf(person(names))));
    const { report } = compareTables(
      stored,
      profileOf(sampleOf(person(names))),
      { ...plainTable('t'), ...table },
      testSettings,
    );

    expect(report.privacyRisk).toBeNull();
    expect(report.findings).toContain('privacy risk is not known: a profile keeps nothing of sensitive columns');
  });
});

describe('a stored profile', () => {
  it('stands in for the source after it was JSON, with as good as the same figures', () => {
    const table = plainTable('public.orders');
    const stored = JSON.parse(JSON.stringify(storedProfile(profileOf(sampleOf(columns()))))) as ReturnType<
      typeof profileOf
    >;
    const moved = () =>
      sampleOf(
        change(
          'amount',
          numbers(
            'amount',
            spread(rows).map((value) => value + 0.2),
          ),
        ),
      );

    const same = compareTables(stored, profileOf(sampleOf(columns())), table, testSettings);
    const other = compareTables(stored, profileOf(moved()), table, testSettings);
    const exact = compareTables(profileOf(sampleOf(columns())), profileOf(moved()), table, testSettings);

    expect(same.report.score).toBe(1);
    expect(other.report.score).toBeCloseTo(exact.report.score, 2);
    expect(other.report.divergence).toBeCloseTo(exact.report.divergence, 2);
  });

  it('is bounded, and holds nothing of a sensitive column but counts', () => {
    const big = sampleOf([
      numbers('amount', spread(50_000)),
      texts('mail', spread(50_000).map(String), { sensitive: true, labels: null }),
    ]);

    const text = JSON.stringify(storedProfile(profileOf(big)));

    expect(text.length).toBeLessThan(30_000);
    expect(JSON.parse(text)).toMatchObject({
      sensitive: null,
      columns: [{}, { distribution: null, categories: null }],
    });
  });
});

describe('a report', () => {
  const told = {
    id: 'quality_1',
    service: 'shop',
    at: '2026-11-22T12:00:00.000Z',
    drillId: null,
    against: 'source',
    limits: testSettings.limits,
    findings: [],
    seconds: 1,
    seed: 42,
  } as const;

  it('does not let a lost table hide behind nineteen good ones', () => {
    const good = Array.from({ length: 19 }, () => compare(sampleOf(columns())));

    const report = reportOf([...good, unknownTable('public.lost', 'the table is missing in the restored data')], told);

    expect(report.score).toBeLessThan(0.5);
    expect(report.alerts).toEqual(['LowDataQualityScore']);
    expect(reportInWords(report)).toContain('lowest public.lost 0.000: the table is missing in the restored data');
  });

  it('has every part, also where no table has one', () => {
    const one = compare(sampleOf([texts('name', ['a', 'b'])]), {}, sampleOf([texts('name', ['a', 'b'])]));

    const report = reportOf([one], told);

    expect(report.parts).toMatchObject({ correlation: 1, volume: 1 });
    expect(report).toMatchObject({ score: 1, privacyRisk: null, divergence: 0, alerts: [] });
  });

  it('names the alerts that its figures call for', () => {
    expect(alertsOf({ score: 0.79, privacyRisk: 0.31, divergence: 0.21 }, testSettings.limits)).toEqual([
      'LowDataQualityScore',
      'HighPrivacyRisk',
      'StatisticalDivergence',
    ]);
    expect(alertsOf({ score: 0.8, privacyRisk: null, divergence: 0.2 }, testSettings.limits)).toEqual([]);
  });
});
