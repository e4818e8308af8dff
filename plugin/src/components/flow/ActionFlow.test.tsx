import { jest } from '@jest/globals';
import { QueryClientProvider } from '@tanstack/react-query';
import { act, cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { MemoryRouter } from 'react-router-dom';
import { of, throwError } from 'rxjs';
import { testIds } from '../testIds.ts';

/** The dialog against a scripted exporter: what is sent, in which order, and what the person sees. */

interface Sent {
  readonly url: string;
  readonly data: Record<string, unknown>;
  readonly headers: Record<string, string>;
}

const sent: Sent[] = [];
let answer: (request: Sent) => object = () => ({});

jest.mock('@grafana/runtime', () => ({
  config: { appSubUrl: '' },
  hasPermission: () => true,
  getBackendSrv: () => ({
    fetch: (request: Sent) => {
      sent.push(request);
      const value = answer(request);
      return 'failure' in value ? throwError(() => value.failure) : of({ status: 200, data: value });
    },
  }),
}));

const plan = {
  kind: 'delete',
  service: 'orders',
  steps: ['delete backup_1'],
  blockers: [],
  warnings: [],
  destructive: true,
  facts: { backups: 1 },
  etag: 'first',
  stops: [],
  expected: { known: false, why: 'nothing like it has run yet' },
  bytes: null,
  atStake: ['the state of 02:00'],
  wayBack: 'none',
  confirm: 'orders',
  reasonRequired: true,
  role: 'admin',
};

const done = {
  id: 'op_1',
  kind: 'delete',
  service: 'orders',
  params: {},
  actor: { name: 'ada', role: 'admin', via: 'grafana' },
  reason: null,
  state: 'succeeded',
  createdAt: '2026-11-22T02:00:00.000Z',
  startedAt: '2026-11-22T02:00:00.000Z',
  endedAt: '2026-11-22T02:00:05.000Z',
  steps: [],
  progress: null,
  result: null,
  error: null,
};

function problem(code: string, status: number): object {
  const data = {
    type: `urn:genesis:error:${code}`,
    title: code,
    status,
    detail: `refused: ${code}`,
    code,
    hint: 'look again',
    instance: 'urn:genesis:request:r1',
  };
  return { failure: { status, data } };
}

async function open(): Promise<void> {
  const { queryClient } = await import('../../api/grafana.ts');
  const { ActionFlow } = await import('./ActionFlow.tsx');
  queryClient.clear();
  const spec = {
    id: 'deleteBackup' as const,
    params: { id: 'backup_1' },
    title: 'Delete backup_1',
    verb: 'Delete',
    service: 'orders',
  };
  render(
    <MemoryRouter future={{ v7_startTransition: true, v7_relativeSplatPath: true }}>
      <QueryClientProvider client={queryClient}>
        <ActionFlow spec={spec} onClose={() => undefined} />
      </QueryClientProvider>
    </MemoryRouter>,
  );
  await screen.findByTestId(testIds.flow.plan);
}

async function fill(): Promise<void> {
  await act(async () => {
    fireEvent.change(screen.getByTestId(testIds.flow.reason), { target: { value: 'it is broken' } });
    fireEvent.change(screen.getByTestId(testIds.flow.confirm), { target: { value: 'orders' } });
  });
}

const submit = (): HTMLElement => screen.getByTestId(testIds.flow.submit);
const isDryRun = ({ data }: Sent): boolean => data?.['dryRun'] === true;
const actions = (): Sent[] => sent.filter((request) => request.data !== undefined && !isDryRun(request));

afterEach(async () => {
  cleanup();
  // Its timers would keep the process alive for the ten minutes that an answer is remembered.
  (await import('../../api/grafana.ts')).queryClient.clear();
});

beforeEach(() => {
  sent.length = 0;
  answer = (request) => (isDryRun(request) ? plan : done);
});

it('shows the plan first, and sends nothing before a reason and the name were typed', async () => {
  await open();

  expect(screen.getByTestId(testIds.flow.plan).textContent).toContain('the state of 02:00');
  expect(screen.getByTestId(testIds.flow.plan).textContent).toContain('not known: nothing like it has run yet');
  expect(submit().hasAttribute('disabled') || submit().getAttribute('aria-disabled') === 'true').toBe(true);
  expect(actions()).toEqual([]);
});

it('makes one request of two clicks, with the etag of the plan, a key, reason and confirmation', async () => {
  await open();
  await fill();

  await act(async () => {
    fireEvent.click(submit());
    fireEvent.click(submit());
  });

  await screen.findByTestId(testIds.flow.progress);
  const [request, ...more] = actions();
  expect(more).toEqual([]);
  expect(request?.url).toBe('/api/plugin-proxy/genesis-dr-app/admin/backups/backup_1/delete');
  expect(request?.data).toEqual({ planEtag: 'first', reason: 'it is broken', confirm: 'orders' });
  expect(request?.headers['Idempotency-Key']).toMatch(/^app-[0-9a-f]{32}$/);
});

it('shows the new plan and what changed when the plan was stale, and sends again only when asked to', async () => {
  let isStale = true;
  answer = (request) => {
    if (isDryRun(request)) return isStale ? plan : { ...plan, etag: 'second', facts: { backups: 2 } };
    if (!isStale) return done;
    isStale = false;
    return problem('plan_stale', 409);
  };
  await open();
  await fill();

  await act(async () => void fireEvent.click(submit()));

  const changed = await screen.findByTestId(testIds.flow.changed);
  expect(changed.textContent).toContain('backups: 1 is now 2');
  expect(actions()).toHaveLength(1);

  await act(async () => void fireEvent.click(submit()));
  await screen.findByTestId(testIds.flow.progress);
  const [first, second] = actions();
  expect(second?.data['planEtag']).toBe('second');
  expect(second?.headers['Idempotency-Key']).not.toBe(first?.headers['Idempotency-Key']);
});

it('sends the same request again under the same key when nobody knows whether it arrived', async () => {
  let failures = 1;
  answer = (request) => {
    if (isDryRun(request)) return plan;
    failures -= 1;
    return failures < 0 ? done : { failure: { status: 502, data: 'Bad Gateway' } };
  };
  await open();
  await fill();
  await act(async () => void fireEvent.click(submit()));
  await screen.findByText('Nobody knows whether the request arrived');

  await act(async () => void fireEvent.click(submit()));

  await screen.findByTestId(testIds.flow.progress);
  const [first, second] = actions();
  expect(second?.headers['Idempotency-Key']).toBe(first?.headers['Idempotency-Key']);
});

it('names what stands in the way and cannot be sent', async () => {
  answer = () => ({
    ...plan,
    blockers: [{ code: 'backup_kept', message: 'backup_1 is kept', hint: 'unkeep it first' }],
  });
  await open();
  await fill();

  expect(screen.getByTestId(testIds.flow.blockers).textContent).toContain(
    'backup_1 is kept. What helps: unkeep it first.',
  );
  await act(async () => void fireEvent.click(submit()));
  await waitFor(() => expect(actions()).toEqual([]));
});
