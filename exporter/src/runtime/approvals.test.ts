import type { Operation } from '../contract/operation.ts';
import type { RequestOptions } from './app.ts';
import { createApprovals } from './approvals.ts';
import { systemClock } from './clock.ts';

const operation = { id: 'op_1', actor: { name: 'ada', role: 'admin', via: 'grafana' } } as unknown as Operation;

function by(name: string, via: RequestOptions['actor']['via'], subject?: string): RequestOptions {
  return {
    actor: { name, role: 'admin', via },
    ...(subject === undefined ? {} : { subject }),
    remote: null,
    reason: 'seen it',
    confirm: null,
    planEtag: null,
    idempotencyKey: null,
  };
}

describe('the second person', () => {
  const never = new AbortController().signal;
  const create = () => createApprovals(systemClock, () => 'user:1');

  it('lets it go on, and is named', async () => {
    const approvals = create();
    const waiting = approvals.wait(operation, 60, never);
    expect(approvals.pending('op_1')?.expiresAt).toMatch(/Z$/);
    expect(approvals.decide(operation, true, by('bob', 'grafana', 'user:2')).ok).toBe(true);
    expect(await waiting).toEqual({ ok: true, value: { by: 'bob' } });
    expect(approvals.pending('op_1')).toBeNull();
  });

  it('can refuse it', async () => {
    const approvals = create();
    const waiting = approvals.wait(operation, 60, never);
    approvals.decide(operation, false, by('bob', 'grafana', 'user:2'));
    expect(await waiting).toMatchObject({
      ok: false,
      error: { code: 'approval_invalid', message: 'bob refused it: seen it' },
    });
  });

  it.each([
    ['who asked, under another name', by('ada again', 'grafana', 'user:1')],
    ['who asked, by name', by('ada', 'grafana', 'user:3')],
    ['a shared token', by('ops', 'token')],
    ['a session', by('login-link', 'session')],
    ['somebody whose identity is not proven', by('bob', 'grafana_unverified', 'user:2')],
    ['a person without an id', by('bob', 'grafana')],
  ])('is not %s', async (_who, options) => {
    const approvals = create();
    const stop = new AbortController();
    const waiting = approvals.wait(operation, 60, stop.signal);
    expect(approvals.decide(operation, true, options)).toMatchObject({
      ok: false,
      error: { code: 'approval_invalid' },
    });
    stop.abort();
    expect(await waiting).toMatchObject({ ok: false, error: { code: 'cancelled' } });
  });

  it('is refused when nobody comes in time, and cannot come afterwards', async () => {
    const approvals = create();
    expect(await approvals.wait(operation, 0.05, never)).toMatchObject({
      ok: false,
      error: { code: 'approval_invalid' },
    });
    expect(approvals.decide(operation, true, by('bob', 'grafana', 'user:2'))).toMatchObject({
      ok: false,
      error: { code: 'operation_finished' },
    });
  });
});
