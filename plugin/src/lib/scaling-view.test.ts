import type { Decision, Instance, Scaling } from './scaling-api.ts';
import {
  choiceOf,
  countsOf,
  endOf,
  metricText,
  missingMetrics,
  moneyText,
  plannedScale,
  priceOf,
  rankOf,
  readyText,
  sortedInstances,
  standingOf,
  typedCount,
} from './scaling-view.ts';

const at = '2026-11-22T03:00:00.000Z';

function instance(name: string, state: Instance['state']): Instance {
  return { name, state, startedAt: null, address: null, load: null, protectedBy: null, detail: null };
}

function decision(change: Partial<Decision>): Decision {
  return {
    at,
    action: 'hold',
    current: 3,
    desired: 3,
    proposed: 3,
    act: false,
    page: false,
    votes: [],
    predicted: null,
    limits: [],
    reasons: [],
    costPerHour: null,
    remove: [],
    ...change,
  };
}

const cost = { currency: 'EUR', perHour: 0.3, ceilingPerHour: 0.5, soFar: 10, since: at };
const facts = {
  fleet: { instances: [instance('a', 'ready'), instance('b', 'starting')], wanted: 2, ownedBy: null },
  min: 1,
  max: 4,
  desired: 3,
  metrics: [{ name: 'cpu' }, { name: 'queue' }, { name: 'rate' }],
  readings: {
    cpu: { known: true, at, value: 0.4 },
    queue: { known: false, at, why: 'stale', detail: '10 min old' },
  },
  decision: decision({ costPerHour: 0.3 }),
  frozenSince: null,
  cost,
} as unknown as Scaling;

describe('numbers of instances', () => {
  it('counts what is ready and never takes unknown for none', () => {
    expect(readyText(countsOf(facts))).toBe('1 of 3');
    expect(countsOf({ ...facts, fleet: null, desired: null })).toMatchObject({
      ready: null,
      running: null,
      desired: null,
    });
    expect(readyText(countsOf({ ...facts, fleet: null }))).toBe('not known of 3');
    expect(countsOf({ ...facts, desired: null }).desired).toBe(2);
  });

  it('shows first what needs a look, then by name as a person counts', () => {
    const names = [instance('w-10', 'ready'), instance('w-9', 'ready'), instance('w-2', 'unready'), instance('w-1', 'unknown')]; // prettier-ignore

    expect(sortedInstances(names).map(({ name }) => name)).toEqual(['w-2', 'w-1', 'w-9', 'w-10']);
  });

  it.each([
    ['4', 4],
    [' 0 ', 0],
    ['10000', 10_000],
    ['10001', null],
    ['-1', null],
    ['1.5', null],
    ['', null],
    ['1e3', null],
  ])('reads %j as %j', (text, number) => expect(typedCount(text)).toBe(number));
});

describe('the standing of a decision', () => {
  it.each([
    ['frozen', { decision: decision({ action: 'freeze' }), frozenSince: null }],
    ['frozen', { decision: decision({}), frozenSince: at }],
    ['unknown', { decision: null, frozenSince: null }],
    ['page', { decision: decision({ page: true }), frozenSince: null }],
    ['acts', { decision: decision({ action: 'scale_up', act: true }), frozenSince: null }],
    ['page', { decision: decision({ action: 'scale_up', limits: ['breaker'] }), frozenSince: null }],
    ['would', { decision: decision({ action: 'scale_down' }), frozenSince: null }],
    ['held', { decision: decision({ proposed: 5 }), frozenSince: null }],
    ['calm', { decision: decision({}), frozenSince: null }],
    ['calm', { decision: decision({ proposed: null }), frozenSince: null }],
  ] as const)('is %s', (standing, given) => expect(standingOf(given)).toBe(standing));

  it('puts what a person has to look at before what is well', () => {
    expect(rankOf({ decision: null, frozenSince: at })).toBeLessThan(rankOf(facts));
  });
});

it('names each metric without a value and why', () => {
  expect(missingMetrics(facts)).toEqual([
    { name: 'queue', why: 'stale', detail: '10 min old', at },
    { name: 'rate', why: 'missing', detail: 'nothing was read yet', at: null },
  ]);
});

it.each([
  [null, 'cpu', 'mean', false, 'not known'],
  [0.734, 'cpu', 'mean', false, '73.4 %'],
  // Of all instances together a share is no share any more.
  [2.4, 'cpu', 'mean', true, '2.4'],
  [0.31, 'response_time', 'none', false, '310 ms'],
  [1730.4, 'query', 'total', true, '1,730'],
  [12.345, 'queue_length', 'total', false, '12.3'],
] as const)('shows %j of %s as a person reads it', (value, kind, scales, isDemand, text) => {
  expect(metricText(value, { kind, scales }, isDemand)).toBe(text);
});

describe('money', () => {
  it('stands with its currency, whatever that is called', () => {
    expect([moneyText(1234.5, 'EUR'), moneyText(0.0125, 'credits'), moneyText(0, 'USD')]).toEqual([
      '1,234.50 EUR',
      '0.0125 credits',
      '0.00 USD',
    ]);
  });

  it('is told of a choice only where a price is known, with the ceiling', () => {
    expect(priceOf(facts)).toBeCloseTo(0.1);
    expect(choiceOf(facts, 6)).toMatchObject({ change: 3, isOutside: true, isOverCeiling: true });
    expect(choiceOf(facts, 5)).toMatchObject({ isOverCeiling: false });
    expect(choiceOf({ ...facts, cost: null }, 5)).toMatchObject({ costPerHour: null, isOverCeiling: false });
    expect(choiceOf({ ...facts, desired: null, fleet: null }, 2).change).toBeNull();
  });
});

it('reads the facts of a plan, and takes nothing else for them', () => {
  const plan = { current: 4, desired: 3, remove: ['a', 7], costPerHourBefore: 0.4, costPerHourAfter: 'x', currency: 'EUR' }; // prettier-ignore

  expect(plannedScale({ facts: plan })).toEqual({
    current: 4,
    desired: 3,
    remove: ['a'],
    costBefore: 0.4,
    costAfter: null,
    currency: 'EUR',
  });
});

it('never calls a rolled back action done', () => {
  expect(endOf({ succeeded: true, rolledBack: true })).toBe('rolled_back');
  expect(endOf({ succeeded: false, rolledBack: false })).toBe('failed');
  expect(endOf({ succeeded: true, rolledBack: false })).toBe('succeeded');
});
