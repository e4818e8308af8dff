import type { Page, Route } from 'playwright-core';
import type { Drill, Reply, Service } from '../../src/api/types.ts';

/**
 * A database put into the replies of a real exporter, so that pages about databases can be looked at in every state: pictures, axe and
 * widths need states that no server shows at will (a lost slot, a gap in the log). What a real one shows is tested beside it.
 */

const minute = 60_000;
const hour = 60 * minute;

function moments(): { ago: (ms: number) => string } {
  const now = Math.floor(Date.now() / 1000) * 1000;
  return { ago: (ms) => new Date(now - ms).toISOString() };
}

const { ago } = moments();
const known = <T>(value: T): { known: true; at: string; value: T } => ({ known: true, at: ago(4_000), value });

export const examplePitr = {
  windows: [
    { from: ago(70 * hour), to: ago(31 * hour), timeline: 1, repository: 'repository' },
    { from: ago(26 * hour), to: ago(40_000), timeline: 2, repository: 'repository' },
    { from: ago(26 * hour), to: ago(9 * minute), timeline: 2, repository: 'offsite' },
  ],
  gaps: [
    {
      repository: 'repository',
      timeline: 1,
      firstSegment: '000000010000000A000000F1',
      lastSegment: '000000010000000A000000F3',
      segments: 3,
      from: ago(31 * hour),
      to: ago(28 * hour),
    },
  ],
  newestRestorableAt: ago(40_000),
  oldestRestorableAt: ago(70 * hour),
  segments: 4_812,
  blockIncremental: 'unsupported' as const,
  version: '2.45',
};

const silent = {
  writeLagSeconds: null,
  flushLagSeconds: null,
  replayLagSeconds: null,
  heartbeatLagSeconds: null,
  lagSeconds: null,
  lagBytes: null,
  queueBytes: null,
};

const replication = {
  isPrimary: true,
  timeline: 2,
  currentLsn: 'B/3A000148',
  walSegmentBytes: 2 ** 24,
  lagDegradedSeconds: 10,
  replicas: [
    {
      name: 'berlin',
      connected: true,
      state: 'streaming' as const,
      syncState: 'quorum' as const,
      writeLagSeconds: 0.0004,
      flushLagSeconds: 0.002,
      replayLagSeconds: 0.003,
      heartbeatLagSeconds: 0.6,
      lagSeconds: 0.6,
      lagBytes: 0,
      queueBytes: 0,
      slot: {
        name: 'berlin',
        active: true,
        walStatus: 'reserved' as const,
        safeWalSizeBytes: 960 * 2 ** 20,
        retainedBytes: 2 ** 20,
      },
      problem: null,
    },
    {
      ...silent,
      name: 'lisbon',
      connected: true,
      state: 'catchup' as const,
      syncState: 'async' as const,
      heartbeatLagSeconds: 94,
      lagSeconds: 94,
      lagBytes: 412 * 2 ** 20,
      queueBytes: 390 * 2 ** 20,
      slot: null,
      problem: null,
    },
    {
      ...silent,
      name: 'oslo',
      connected: false,
      state: 'disconnected' as const,
      syncState: null,
      slot: {
        name: 'oslo',
        active: false,
        walStatus: 'lost' as const,
        safeWalSizeBytes: null,
        retainedBytes: 5 * 2 ** 30,
      },
      problem: 'the server does not answer: connection refused',
    },
  ],
  archiver: {
    readySegments: 14,
    lastArchivedAt: ago(11 * minute),
    lastArchivedWal: '000000020000000B00000039',
    lastFailedAt: ago(40_000),
    lastFailedWal: '000000020000000B0000003A',
    failedCount: 23,
  },
  heartbeatIntervalSeconds: 5,
  heartbeatAt: ago(3_000),
  heartbeatProblem: null,
  problem: null,
};

const database = {
  version: '15.18',
  connectionsUsed: 34,
  connectionsMax: 100,
  locksWaiting: 1,
  longestTransactionSeconds: 212.4,
  databases: [
    { name: 'shop', bytes: 48.3 * 2 ** 30, commits: 91_204_331, rollbacks: 1_204 },
    { name: 'accounts', bytes: 2.1 * 2 ** 30, commits: 1_120_400, rollbacks: 12 },
    { name: 'postgres', bytes: 7.6 * 2 ** 20, commits: 40_211, rollbacks: 0 },
  ],
  tables: [
    { name: 'public.order_items', bytes: 21.4 * 2 ** 30, rows: 214_000_000 },
    { name: 'public.orders', bytes: 9.7 * 2 ** 30, rows: 41_000_000 },
    { name: 'public.unvacuumed_since_its_load', bytes: 310 * 2 ** 20, rows: null },
  ],
  queries: [
    {
      id: '1',
      text: 'SELECT sum(price * quantity) FROM order_items WHERE order_id = $1',
      calls: 912_334,
      totalSeconds: 8_211,
      meanSeconds: 0.009,
    },
  ],
};

const health: NonNullable<Service['health']> = {
  state: 'unhealthy',
  checks: [
    {
      name: 'primary',
      kind: 'postgres',
      critical: true,
      state: 'healthy',
      since: ago(70 * hour),
      last: { at: ago(5_000), state: 'healthy', responseSeconds: 0.0031, detail: 'answered SELECT 1 in 3 ms' },
      consecutiveFailures: 0,
      consecutiveSuccesses: 8_400,
    },
    {
      name: 'checkout',
      kind: 'http',
      critical: true,
      state: 'unhealthy',
      since: ago(4 * minute),
      last: { at: ago(5_000), state: 'unhealthy', responseSeconds: 0.012, detail: 'HTTP 503 after 12 ms' },
      consecutiveFailures: 9,
      consecutiveSuccesses: 0,
    },
    {
      name: 'sessions',
      kind: 'redis',
      critical: false,
      state: null,
      since: null,
      last: null,
      consecutiveFailures: 0,
      consecutiveSuccesses: 0,
    },
  ],
};

type Report = Reply<'listQuality'>['items'][number];
type Table = Report['tables'][number];
type Column = Table['columns'][number];

function columnOf(change: Partial<Column>): Column {
  return {
    name: 'id',
    kind: 'numeric',
    score: 1,
    missingRatio: 0,
    missingRatioSource: 0,
    distinct: 100_000,
    meanDifference: 0,
    standardDeviationDifference: 0,
    outOfRange: 0,
    test: { test: 'kolmogorov_smirnov', statistic: 0.002, pValue: 0.83, effect: 0.002, matches: true },
    findings: [],
    ...change,
  };
}

function tableOf(change: Partial<Table>): Table {
  return {
    name: 'public.customers',
    score: 0.998,
    rows: 1_204_331,
    rowsSource: 1_204_411,
    sampled: 100_000,
    sampledSource: 100_000,
    sampleError: 0.0031,
    duplicates: 0,
    schemaDrift: [],
    correlationDifference: 0.004,
    privacyRisk: 0.02,
    divergence: 0.002,
    columns: [columnOf({}), columnOf({ name: 'email', kind: 'text', test: null })],
    findings: [],
    ...change,
  };
}

export const exampleReport: Report = {
  id: 'quality_20261122_020000_ab12cd34',
  service: '',
  at: ago(3 * hour),
  drillId: 'drill_20261122_015500_77aa88bb',
  against: 'source',
  score: 0.781,
  parts: {
    completeness: 0.82,
    uniqueness: 1,
    validity: 0.97,
    distribution: 0.52,
    correlation: 0.94,
    volume: 0.8,
  },
  privacyRisk: 0.02,
  divergence: 0.41,
  tables: [
    tableOf({}),
    tableOf({
      name: 'public.orders',
      score: 0.58,
      rows: 32_800_000,
      rowsSource: 41_000_000,
      privacyRisk: null,
      divergence: 0.41,
      schemaDrift: ['column note (text) is not in the restored table'],
      findings: ['20 % fewer rows than its source'],
      columns: [
        columnOf({
          name: 'price',
          score: 0.5,
          missingRatio: 0.18,
          findings: ['18 % of the values are missing, none in the source'],
          test: { test: 'kolmogorov_smirnov', statistic: 0.41, pValue: 0, effect: 0.41, matches: false },
        }),
        columnOf({
          name: 'status',
          kind: 'categorical',
          distinct: 5,
          meanDifference: null,
          standardDeviationDifference: null,
          test: { test: 'chi_square', statistic: 3.1, pValue: 0.54, effect: 0.01, matches: true },
        }),
      ],
    }),
  ],
  seconds: 21.4,
  seed: 20_261_122,
  limits: { minScore: 0.9, maxPrivacyRisk: 0.05, maxDivergence: 0.3 },
  alerts: ['GenesisDataQualityLow'],
  findings: [],
};

function withDatabase(service: Service): Service {
  return {
    ...service,
    engine: 'pgbackrest',
    abilities: {
      ...service.abilities,
      types: ['full', 'differential', 'incremental'],
      files: false,
      components: false,
      pitr: true,
    },
    pitr: known(examplePitr),
    replication: known(replication),
    database: known(database),
    health,
    quality: known({ ...exampleReport, service: service.name }),
  };
}

const levelNames = [
  'files and checksums',
  'starts and recovers',
  'pages and indexes are sound',
  'the data is there and fresh',
  'the data is like its source',
] as const;
const levelDetails = [
  '1,204 files, every checksum as in the manifest',
  'recovered to 2026-11-22 02:00:00 UTC, timeline 2',
  'pg_amcheck: 41 indexes and 38 tables, no finding; 312,004 page checksums',
  'canary 12 s old, RPO 5 min; 4 of 4 tables there; assertion "no order without a customer" is false',
  'level 4 has not passed',
] as const;

/** One whose fourth level failed. */
function withLevels(drill: Drill): Drill {
  const results = ['passed', 'passed', 'passed', 'failed', 'skipped'] as const;
  return {
    ...drill,
    passed: false,
    levels: results.map((result, index) => ({
      level: (index + 1) as 1 | 2 | 3 | 4 | 5,
      name: levelNames[index] ?? '',
      result,
      seconds: [12.1, 31.5, 88.2, 2.4, 0][index] ?? 0,
      detail: levelDetails[index] ?? '',
    })),
    phases: [
      { name: 'restore', seconds: 41.2 },
      { name: 'start', seconds: 0.8 },
      { name: 'recover', seconds: 30.7 },
      { name: 'check', seconds: 90.6 },
    ],
    recoveryTarget: `time ${ago(3 * hour)}`,
    restoredTo: ago(3 * hour),
    qualityId: exampleReport.id,
  };
}

/** As old as the windows are. */
function withOldBackups(body: Reply<'recoverable'>): Reply<'recoverable'> {
  const points = body.points.map((point, index) => {
    const back = (25 - index) * hour;
    return { ...point, dataAt: ago(back), endedAt: ago(back - minute) };
  });
  return { ...body, points, pitr: examplePitr };
}

type Change = (body: never) => unknown;

async function answerWith(route: Route, change: Change): Promise<void> {
  const reply = await route.fetch();
  await route.fulfill({ response: reply, json: change((await reply.json()) as never) });
}

const prefix = '**/api/plugin-proxy/genesis-dr-app';

/** From now on the page sees each service with a database behind it, and drills with their levels. */
export async function showDatabase(page: Page): Promise<void> {
  const changes: readonly (readonly [string, Change])[] = [
    ['read/services', (body: Reply<'listServices'>) => ({ ...body, items: body.items.map(withDatabase) })],
    ['read/services/*', (body: Service) => withDatabase(body)],
    ['read/drills*', (body: Reply<'listDrills'>) => ({ ...body, items: body.items.map(withLevels) })],
    ['read/services/*/recoverable*', (body: Reply<'recoverable'>) => withOldBackups(body)],
  ];
  for (const [path, change] of changes)
    await page.route(`${prefix}/${path}`, (route) => answerWith(route, change as Change));
  const older: Report = { ...exampleReport, id: 'quality_20261121', at: ago(27 * hour), score: 0.96 };
  await page.route(`${prefix}/read/services/*/quality*`, (route) =>
    route.fulfill({ json: { items: [exampleReport, older], next: null } }),
  );
}
