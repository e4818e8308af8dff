import { jest } from '@jest/globals';
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { MemoryRouter } from 'react-router-dom';
import type { Decision, LoadPoint, Scaling } from '../../lib/scaling-api.ts';
import type { ScalingState } from './ScalingPage.tsx';
import { scalingTestIds as ids } from './testIds.ts';

let mockConnection: object = { failingSince: null, stream: 'connected' };
let mockMay = true;
let mockPoints: LoadPoint[] = [];
jest.mock('../../api/hooks.ts', () => ({
  useApiQuery: (id: string) => ({
    data:
      id === 'getScalingLoad' ? { metric: 'load', source: 'own', problem: null, points: mockPoints } : { items: [] },
    error: null,
    updatedAt: Date.now(),
  }),
  useConnection: () => mockConnection,
}));
jest.mock('../../api/grafana.ts', () => ({ client: {} }));
jest.mock('@tanstack/react-query', () => ({
  useMutation: () => ({ isPending: false, data: undefined, error: null, mutate: () => undefined }),
}));
jest.mock('@grafana/runtime', () => ({ config: { appSubUrl: '' }, hasPermission: () => mockMay }));
jest.mock('../../components/flow/ActionFlow.tsx', () => ({ ActionFlow: () => null }));
jest.mock('../../components/flow/OperationProgress.tsx', () => ({ OperationProgress: () => null }));

// After the mocks: an import at the top would be evaluated before them.
let ServiceView: (typeof import('./ServiceView.tsx'))['ServiceView'];
beforeAll(async () => {
  ({ ServiceView } = await import('./ServiceView.tsx'));
});

const at = '2026-11-22T03:00:00.000Z';
/** Nothing has been seen of it yet. */
const unknown: Scaling = {
  engine: 'process',
  mode: 'auto',
  fleet: null,
  problem: 'the socket is gone',
  min: 1,
  max: 4,
  desired: null,
  metrics: [
    {
      name: 'load',
      kind: 'query',
      source: 'own',
      strategy: 'target_tracking',
      target: 100,
      up: 120,
      down: 80,
      inverse: false,
      scales: 'total',
      steps: [],
      cooldownSeconds: null,
    },
  ],
  readings: { load: { known: true, at, value: 180 } },
  decision: null,
  frozenSince: null,
  forecast: null,
  advice: null,
  pause: null,
  override: null,
  cost: null,
  lastUpAt: null,
  lastDownAt: null,
  history: [],
  decisions: [],
  warnings: [],
};
const decision: Decision = {
  at,
  action: 'hold',
  current: 2,
  desired: 2,
  proposed: 4,
  act: false,
  page: false,
  votes: [
    {
      metric: 'load',
      reading: { known: true, at, value: 180 },
      direction: 'up',
      wants: 4,
      reason: '180 is over 120',
    },
  ],
  predicted: null,
  limits: ['cooldown', 'max_step'],
  reasons: ['it rests'],
  costPerHour: null,
  remove: [],
};
const known: Scaling = {
  ...unknown,
  problem: null,
  desired: 2,
  fleet: {
    wanted: 2,
    ownedBy: null,
    instances: [
      { name: 'w-1', state: 'ready', startedAt: at, address: null, load: null, protectedBy: 'a backup runs on it', detail: null }, // prettier-ignore
      { name: 'w-2', state: 'unready', startedAt: null, address: 'h:1', load: 3, protectedBy: null, detail: '503' },
    ],
  },
  decision,
};

const state: ScalingState = { service: 'shop', tab: 'now', range: '24', operation: '', from: '', to: '' };

function show(facts: Scaling, change: Partial<ScalingState> = {}): void {
  render(
    <MemoryRouter future={{ v7_startTransition: true, v7_relativeSplatPath: true }}>
      <ServiceView
        service="shop"
        facts={facts}
        policy={'min: 1\n'}
        state={{ ...state, ...change }}
        onState={() => undefined}
      />
    </MemoryRouter>,
  );
}

const isRefused = (id: string): boolean => screen.getByTestId(id).getAttribute('aria-disabled') === 'true';
const cellsOf = (id: string): string[] =>
  [...screen.getByTestId(id).querySelectorAll('td')].map(({ textContent }) => textContent?.trim() ?? '');

beforeEach(() => {
  mockConnection = { failingSince: null, stream: 'connected' };
  mockMay = true;
  mockPoints = [];
});
afterEach(cleanup);

it('says of what is not known that it is not known, never 0, and lets nothing be added to it', () => {
  show(unknown);

  const text = screen.getByTestId(ids.count).textContent ?? '';
  expect(text).toContain('nobody knows how many are ready');
  expect(text).toMatch(/Wantednot known.*Running in allnot known.*Last addednever/);
  expect([isRefused(ids.up), isRefused(ids.down)]).toEqual([true, true]);
  expect(screen.getByTestId(ids.decision).dataset['standing']).toBe('unknown');
  expect(screen.getByTestId(ids.instances).textContent).toContain('the socket is gone');
  expect(screen.getByTestId(ids.banners).textContent).toContain('The instances are not known');
  expect(screen.getByTestId(ids.count).textContent).toContain('no price is configured');
});

it('says what is held back, by what, and how each metric votes', () => {
  show(known);

  const standing = screen.getByTestId(ids.decision);
  expect([standing.dataset['standing'], standing.textContent]).toEqual([
    'held',
    'Held backStays at 2, although the metrics want 4it rests',
  ]);
  expect([...screen.getByTestId(ids.limits).querySelectorAll('li')].map(({ dataset }) => dataset['limit'])).toEqual([
    'cooldown',
    'max_step',
  ]);
  expect(cellsOf(ids.votes).slice(0, 7)).toEqual([
    'load',
    '180',
    '100 each',
    'more from 120 each, fewer up to 80 each',
    'More',
    '4',
    '180 is over 120',
  ]);
});

it('shows first the instance that fails, and which must not be removed', () => {
  show(known);

  const cells = cellsOf(ids.instances);
  expect([cells[0], cells[1], cells[2], cells[5], cells[6]]).toEqual([
    'w-2',
    'Fails its check',
    'not known',
    'Yes',
    '503',
  ]);
  expect([cells[7], cells[10], cells[12]]).toEqual(['w-1', 'not known', 'No: a backup runs on it']);
});

it('cries out that it is frozen and for want of which values', () => {
  const load = { known: false, at, why: 'stale', detail: '10 min old' } as const;
  show({ ...known, frozenSince: at, readings: { load } });

  const banner = screen.getByTestId(ids.frozen);
  expect(banner.getAttribute('role')).toBe('alert');
  expect(banner.textContent).toMatch(/Frozen for want of metrics.*load: too old, 10 min old/);
  cleanup();
  show({ ...known, readings: { load: null } });
  expect(screen.getByTestId(ids.missing).textContent).toContain('load: no value, nothing was read yet');
  expect(screen.queryByTestId(ids.frozen)).toBeNull();
});

it('says plainly that it only observes, and offers to do a proposal only in mode manual', () => {
  const proposal = { ...decision, action: 'scale_up', desired: 4, limits: ['mode'] } as Decision;
  show({ ...known, mode: 'observe', decision: proposal });

  expect(screen.getByTestId(ids.mode).textContent).toContain('Genesis changes nothing here');
  expect(screen.getByTestId(ids.decision).textContent).toContain('Would add instances now: from 2 to 4');
  expect(screen.getByTestId(ids.limits).textContent).toContain('Mode observe');
  expect(screen.queryByTestId(ids.accept)).toBeNull();
  cleanup();
  show({ ...known, mode: 'manual', decision: proposal });
  expect(screen.getByTestId(ids.accept).textContent).toBe('Do it: 4 instances');
});

it('takes the answer back while the exporter does not answer, and lets nothing be pressed', () => {
  mockConnection = { failingSince: Date.now() - 5_000, stream: 'polling' };
  show(known);

  expect(screen.getByTestId(ids.decision).dataset['standing']).toBe('unknown');
  expect(screen.getByTestId(ids.count).textContent).toContain('not known now');
  expect([ids.up, ids.down, ids.set, ids.pause].map(isRefused)).toEqual([true, true, true, true]);
});

it('lets a viewer look and nothing else', () => {
  mockMay = false;
  show(known);

  expect([ids.up, ids.down, ids.set, ids.pause].map(isRefused)).toEqual([true, true, true, true]);
  expect(document.body.textContent).toContain('changing the number is not yours: Needs the role "Genesis DR operator"');
  cleanup();
  show(known, { tab: 'policy' });
  expect(screen.getByTestId<HTMLTextAreaElement>(ids.policyText).readOnly).toBe(true);
  expect([ids.policyCheck, ids.policySave].map(isRefused)).toEqual([true, true]);
  cleanup();
  show(known, { tab: 'backtest' });
  expect(isRefused(ids.backtestRun)).toBe(true);
});

it('reads the drawing by the keyboard, moment by moment', () => {
  const ms = Date.now();
  mockPoints = [120, 60, 0].map((ago, index) => ({
    at: new Date(ms - ago * 60_000).toISOString(),
    value: index === 1 ? null : 100 + index,
    ready: 2,
    desired: 3,
  }));
  show(known);
  const chart = screen.getByTestId(ids.chart);
  expect(chart.getAttribute('aria-valuetext')).toContain('demand 102 · ready 2 · wanted 3');

  fireEvent.keyDown(chart, { key: 'ArrowLeft' });
  expect(chart.getAttribute('aria-valuetext')).toContain('demand not known');
  fireEvent.keyDown(chart, { key: 'Home' });
  expect([chart.getAttribute('aria-valuenow'), screen.getByTestId(ids.readout).textContent]).toEqual([
    '0',
    expect.stringContaining('demand 100'),
  ]);
  fireEvent.keyDown(chart, { key: 'PageUp' });
  expect(chart.getAttribute('aria-valuenow')).toBe('2');
});

it('tells the forecast with its error, or why there is none', () => {
  show(known);
  expect(screen.getByTestId(ids.forecast).textContent).toContain('predictive.mode of the policy is off');
  cleanup();
  show({ ...known, forecast: { known: false, metric: 'load', why: '20 h of history, 24 h are needed' } });
  expect(screen.getByTestId(ids.forecast).textContent).toContain('There is no forecast: 20 h of history');
  cleanup();
  const forecast = {
    known: true,
    metric: 'load',
    madeAt: at,
    model: 'ridge',
    level: 0.8,
    points: [{ at, mean: 200, lower: 150, upper: 260 }],
    error: { mape: null, pinball: 4, coverage: 0.79, relativeToNaive: 0.7 },
    trainedFrom: at,
    trainedTo: at,
    samples: 2000,
    trainingSeconds: 0.4,
  } as const;
  show({ ...known, forecast: { ...forecast, points: [...forecast.points] } });
  expect(screen.getByTestId(ids.forecast).textContent).toMatch(
    /Ridge regression.*200, up to 260.*values near zero.*30 % less error.*79 %, 80 % are meant to be.*2,000 in 400 ms/,
  );
});
