import {
  findingsOf,
  partsOf,
  pText,
  reportOf,
  rowsChange,
  scoreTone,
  scoreTrend,
  tablesOf,
  type ColumnReport,
  type QualityReport,
  type TableReport,
} from './quality-view.ts';

const column: ColumnReport = {
  name: 'price',
  kind: 'numeric',
  score: 0.5,
  missingRatio: 0.2,
  missingRatioSource: 0,
  distinct: 10,
  meanDifference: 1,
  standardDeviationDifference: 0,
  outOfRange: 0,
  test: null,
  findings: ['20 % missing, 0 % in the source'],
};

const table: TableReport = {
  name: 'public.orders',
  score: 0.7,
  rows: 90,
  rowsSource: 100,
  sampled: 90,
  sampledSource: 100,
  sampleError: 0.1,
  duplicates: 0,
  schemaDrift: ['column note is gone'],
  correlationDifference: null,
  privacyRisk: null,
  divergence: 0.2,
  columns: [column],
  findings: ['10 % fewer rows'],
};

const report: QualityReport = {
  id: 'q1',
  service: 'shop',
  at: '2026-11-22T02:00:00.000Z',
  drillId: null,
  against: 'source',
  score: 0.7,
  parts: { completeness: 0.8, uniqueness: 1, validity: 1, distribution: 0.5, correlation: 1, volume: 0.9 },
  privacyRisk: null,
  divergence: 0.2,
  tables: [{ ...table, name: 'public.users', score: 1, schemaDrift: [], findings: [], columns: [] }, table],
  seconds: 3,
  seed: 7,
  limits: { minScore: 0.9, maxPrivacyRisk: 0.05, maxDivergence: 0.3 },
  alerts: [],
  findings: ['2 of 3 tables were compared'],
};

it('shows the weakest part, the worst table and what was found in it first', () => {
  expect(partsOf(report)[0]).toEqual({ name: 'distribution', score: 0.5 });
  expect(tablesOf(report).map(({ name }) => name)).toEqual(['public.orders', 'public.users']);
  expect(findingsOf(report).map(({ text }) => text)).toEqual([
    '2 of 3 tables were compared',
    'column note is gone',
    '10 % fewer rows',
    'price: 20 % missing, 0 % in the source',
  ]);
});

it('compares rows only where both were counted', () => {
  expect(rowsChange(table)).toBeCloseTo(-0.1);
  expect(rowsChange({ ...table, rows: null })).toBeNull();
  expect(rowsChange({ ...table, rowsSource: 0 })).toBeNull();
});

it('never says that a p-value is nothing, and judges a score by what is configured', () => {
  expect(pText(0)).toBe('< 0.0001');
  expect(pText(0.04321)).toBe('0.0432');
  expect([0.9, 0.7, 0.2].map((score) => scoreTone(score, 0.9))).toEqual(['good', 'attention', 'bad']);
  expect(scoreTone(0.9, 0.95)).toBe('attention');
});

it('shows the newest report, or the one that a link names, and their scores oldest first', () => {
  const older = { ...report, id: 'q0', at: '2026-11-21T02:00:00.000Z', score: 0.9 };
  const reports = [report, older];

  expect([reportOf(reports, '')?.id, reportOf(reports, 'q0')?.id, reportOf(reports, 'gone')]).toEqual([
    'q1',
    'q0',
    undefined,
  ]);
  expect(scoreTrend(reports).map(({ value }) => value)).toEqual([0.9, 0.7]);
});
