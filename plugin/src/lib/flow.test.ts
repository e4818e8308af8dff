import type { Plan } from '@genesis-dr/exporter/contract';
import { routes } from '@genesis-dr/exporter/contract/client';
import { createIdempotencyKey, enteredBody, isEntered, planChanges, plannedActions, reasonedActions } from './flow.ts';

const plan: Plan = {
  kind: 'restore',
  service: 'orders',
  steps: ['stage', 'swap'],
  blockers: [],
  warnings: [],
  destructive: true,
  facts: { bytes: 10 },
  etag: 'a',
  stops: [],
  expected: { known: false, why: 'never ran' },
  bytes: 10,
  atStake: [],
  wayBack: 'the old data is kept',
  confirm: 'orders',
  reasonRequired: true,
  role: 'admin',
};

it('asks for exactly what the action needs', () => {
  const needs = { reason: 'required', confirm: 'orders' } as const;

  expect(isEntered(needs, { reason: ' ', confirmation: 'orders' })).toBe(false);
  expect(isEntered(needs, { reason: 'why', confirmation: 'Orders' })).toBe(false);
  expect(isEntered(needs, { reason: 'why', confirmation: 'orders ' })).toBe(true);
  expect(isEntered({ reason: 'optional', confirm: null }, { reason: '', confirmation: '' })).toBe(true);
});

it('sends nothing that was not asked for: the contract refuses unknown keys', () => {
  expect(enteredBody({ reason: 'none', confirm: null }, { reason: 'x', confirmation: 'y' })).toEqual({});
  expect(enteredBody({ reason: 'optional', confirm: 'orders' }, { reason: ' why ', confirmation: 'orders' })).toEqual({
    reason: 'why',
    confirm: 'orders',
  });
});

it('names what changed between two plans, what stands in the way first', () => {
  const now: Plan = {
    ...plan,
    steps: ['stage', 'stop', 'swap'],
    blockers: [{ code: 'operation_conflict', message: 'a backup runs', hint: 'wait' }],
    facts: { bytes: 12, dataAsOf: 'x' },
  };

  expect(planChanges(plan, now)).toEqual([
    'blocker, new: a backup runs',
    'step, new: stop',
    'bytes: 10 is now 12',
    'dataAsOf: not known is now x',
  ]);
  expect(planChanges(plan, { ...plan, etag: 'b' })).toEqual([]);
});

it('names only actions that exist, and makes keys that differ', () => {
  for (const id of [...plannedActions, ...reasonedActions]) expect(routes).toHaveProperty(id);
  expect(createIdempotencyKey(crypto)).not.toBe(createIdempotencyKey(crypto));
});
