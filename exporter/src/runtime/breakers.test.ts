import { fail, ok } from '../contract/errors.ts';
import { createBreakers, ownBreaker, type Breakers } from './breakers.ts';

const settings = { failures: 2, recoverySeconds: 60, halfOpenCalls: 1 };

function breakersAt(): { breakers: Breakers; pass(seconds: number): void; kept: Map<string, string> } {
  let nowMs = Date.UTC(2026, 10, 22);
  const kept = new Map<string, string>();
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const breakers = createBreakers({
    clock: { now: () => new Date(nowMs), sleep: () => Promise.resolve() },
    log,
    facts: {
      get: (name) => Promise.resolve(kept.get(name) ?? null),
      set: (name, text) => {
        kept.set(name, text);
        return Promise.resolve();
      },
      list: () => Promise.resolve([]),
      remove: () => Promise.resolve(),
    },
    settings: () => settings,
    changed: () => {},
  });
  return { breakers, pass: (seconds) => void (nowMs += seconds * 1000), kept };
}

const state = (breakers: Breakers, name = ownBreaker) => breakers.of('shop').find((one) => one.name === name)?.state;

describe('the breakers of a service', () => {
  it('closes by a takeover that nobody asked it for, once its time has passed', async () => {
    const { breakers, pass } = breakersAt();
    await breakers.tell('shop', ownBreaker, false);
    await breakers.tell('shop', ownBreaker, false);
    expect(state(breakers)).toBe('open');
    expect(breakers.isOpen('shop')).toBe(true);
    await breakers.tell('shop', ownBreaker, true);
    expect(state(breakers)).toBe('open');
    pass(60);
    await breakers.tell('shop', ownBreaker, true);
    expect(state(breakers)).toBe('closed');
  });

  it('opens anew for its whole time by a takeover that failed when it was due', async () => {
    const { breakers, pass } = breakersAt();
    await breakers.open('shop');
    pass(60);
    await breakers.tell('shop', ownBreaker, false);
    pass(59);
    expect(breakers.isOpen('shop')).toBe(true);
    pass(1);
    expect(breakers.isOpen('shop')).toBe(false);
  });

  it('holds calls of one product without those of another, and a cancel counts for nothing', async () => {
    const { breakers } = breakersAt();
    const failing = () => Promise.resolve(fail('balancer_failed', 'gone'));
    const cancelled = () => Promise.resolve(fail('cancelled', 'no more'));
    await breakers.guarded('shop', 'haproxy', failing);
    await breakers.guarded('shop', 'haproxy', cancelled);
    expect(state(breakers, 'haproxy')).toBe('closed');
    await breakers.guarded('shop', 'haproxy', failing);
    expect(await breakers.guarded('shop', 'haproxy', failing)).toMatchObject({
      ok: false,
      error: { code: 'breaker_open' },
    });
    expect(await breakers.guarded('shop', 'other', () => Promise.resolve(ok(1)))).toEqual(ok(1));
    expect(breakers.isOpen('shop')).toBe(false);
  });

  it('is as open after a restart as before', async () => {
    const { breakers, kept } = breakersAt();
    await breakers.open('shop');
    const next = breakersAt();
    for (const [name, text] of kept) next.kept.set(name, text);
    // A look before it is loaded must not hide it.
    expect(next.breakers.isOpen('shop')).toBe(false);
    await next.breakers.load(['shop']);
    expect(next.breakers.isOpen('shop')).toBe(true);
  });

  it('closes when what it was open for was changed', async () => {
    const { breakers } = breakersAt();
    const failing = () => Promise.resolve(fail('scaling_failed', 'gone'));
    await breakers.guarded('shop', 'scaling', failing);
    await breakers.guarded('shop', 'scaling', failing);
    expect(state(breakers, 'scaling')).toBe('open');
    await breakers.reset('shop', 'scaling');
    expect(state(breakers, 'scaling')).toBe('closed');
    expect(await breakers.guarded('shop', 'scaling', () => Promise.resolve(ok(1)))).toEqual(ok(1));
  });
});
