import { jest } from '@jest/globals';
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { MemoryRouter } from 'react-router-dom';
import type { Failover } from '../../api/failover.ts';
import { failoverTestIds as ids } from './testIds.ts';

let mockConnection: object = { failingSince: null, stream: 'connected' };
jest.mock('../../api/hooks.ts', () => ({
  useApiQuery: () => ({ data: undefined, error: null }),
  useConnection: () => mockConnection,
}));
jest.mock('@grafana/runtime', () => ({ config: { appSubUrl: '' }, hasPermission: () => true }));
jest.mock('../../components/flow/ActionFlow.tsx', () => ({ ActionFlow: () => null }));
jest.mock('../../components/flow/OperationProgress.tsx', () => ({ OperationProgress: () => null }));

// After the mocks: an import at the top would be evaluated before them.
let ServiceView: (typeof import('./ServiceView.tsx'))['ServiceView'];
beforeAll(async () => {
  ({ ServiceView } = await import('./ServiceView.tsx'));
});

const at = '2026-11-22T03:00:00.000Z';
/** Nothing has been seen of it yet. */
const unseen: Failover['nodes'][number] = {
  name: 'berlin',
  region: 'eu',
  priority: 100,
  candidate: true,
  probe: null,
  health: {
    failuresInRow: 0,
    successesInRow: 0,
    errorRatio: null,
    responseSeconds: null,
    probes: 0,
    lastAnsweredAt: null,
  },
  fence: null,
  lagBytes: null,
  busy: null,
};
const unknown: Failover = {
  engine: 'postgres',
  strategy: 'active_passive',
  mode: 'auto',
  nodes: [unseen],
  primary: null,
  writable: [],
  uncounted: ['unseen'],
  balancer: null,
  vantages: [],
  standing: { wouldSucceed: null, candidate: null, loss: null, reasons: [], rejected: [] },
  decision: { action: 'none', node: null, candidate: null, act: false, page: false, reasons: [], loss: null, at },
  pause: null,
  scheduled: null,
  breakers: [],
  history: [],
  promotions: null,
  warnings: [],
};

function show(facts: Failover, onNode: (name: string) => void = () => undefined): void {
  render(
    <MemoryRouter future={{ v7_startTransition: true, v7_relativeSplatPath: true }}>
      <ServiceView service="shop" facts={facts} onNode={onNode} onOperation={() => undefined} />
    </MemoryRouter>,
  );
}

beforeEach(() => {
  mockConnection = { failingSince: null, stream: 'connected' };
});
afterEach(cleanup);

it('says of what is not known that it is not known, never 0', () => {
  show(unknown);

  const answer = screen.getByTestId(ids.answer);
  expect([answer.dataset['answer'], answer.textContent]).toEqual([
    'unknown',
    'Nobody knows whether a failover would succeed now',
  ]);
  expect(screen.getByText('Primary: none, or not known')).toBeTruthy();
  const cells = [...screen.getByTestId(ids.nodes).querySelectorAll('td')].map(({ textContent }) => textContent?.trim());
  expect(cells.slice(1, 7)).toEqual(['not known', 'not known', 'not known', 'not known', 'not known', 'none yet']);
});

it('says who would take over and what would be lost', () => {
  const loss = { bytes: 1536, seconds: 2, detail: 'berlin was that far behind' };
  show({ ...unknown, standing: { ...unknown.standing, wouldSucceed: true, candidate: 'berlin', loss } });

  expect(screen.getByTestId(ids.answer).textContent?.replaceAll('\u00a0', ' ')).toBe(
    'A failover now would succeed: to berlin, losing at most 1.5 KiB, writes of 2 s',
  );
  expect(screen.getByText('Loss: berlin was that far behind')).toBeTruthy();
});

it('takes the answer back while the exporter does not answer, and lets nothing be pressed', () => {
  mockConnection = { failingSince: Date.now() - 5_000, stream: 'polling' };
  show({ ...unknown, standing: { ...unknown.standing, wouldSucceed: false } });

  const answer = screen.getByTestId(ids.answer);
  expect(answer.dataset['answer']).toBe('unknown');
  expect(answer.textContent).toContain('It last said: A failover now would NOT succeed');
  expect(screen.getByTestId(ids.start).getAttribute('aria-disabled')).toBe('true');
  expect(screen.getByTestId(ids.decision).textContent).toContain('Not known now');
});

it('cries out that two write, and opens a node from the drawing', () => {
  const opened: string[] = [];
  show({ ...unknown, writable: ['berlin', 'oslo'] }, (name) => opened.push(name));

  expect(screen.getByTestId(ids.writers).textContent).toContain('More than one node takes writes: berlin, oslo');
  fireEvent.click(screen.getByTestId(ids.topology).querySelector('button') as HTMLButtonElement);
  expect(opened).toEqual(['berlin']);
});

it('says what it would do where the mode only observes', () => {
  const decision = { ...unknown.decision, action: 'failover', node: 'vienna', candidate: 'berlin' } as const;
  show({ ...unknown, mode: 'observe', decision: { ...decision, reasons: ['vienna failed 3 probes in a row'] } });

  expect(screen.getByTestId(ids.decision).textContent).toMatch(
    /Does not act.*Would fail over now, from vienna to berlin.*vienna failed 3 probes.*an amount that is not known/,
  );
});

it('shows what the product itself has written down, and nothing of it where it keeps nothing', () => {
  const promotion = { timeline: 3, atBytes: 1, reason: 'no recovery target specified', from: 'vienna', to: 'berlin' };
  show({ ...unknown, promotions: [{ ...promotion, at: null }] });

  const cells = [...screen.getByTestId(ids.promotions).querySelectorAll('td')].map(({ textContent }) =>
    textContent?.trim(),
  );
  expect(cells).toEqual(['not known', 'vienna to berlin', '3', 'no recovery target specified']);
  cleanup();
  show(unknown);
  expect(screen.queryByTestId(ids.promotions)).toBeNull();
});

it('names the node that was fenced or came back, not the primary it then followed', () => {
  const record = {
    operationId: 'rejoin_1',
    kind: 'rejoin' as const,
    automatic: true,
    from: 'vienna',
    to: 'berlin',
    startedAt: '2026-11-22T12:00:00.000Z',
    endedAt: '2026-11-22T12:00:09.000Z',
    succeeded: true,
    seconds: 9,
    phases: [],
    loss: { predictedBytes: null, measuredBytes: null },
    reason: 'vienna answered 4 probes in a row',
  };
  show({ ...unknown, history: [record] });

  expect(screen.getByTestId(ids.history).textContent).toMatch(/: vienna \(automatic\)/);
});
