import type { Store } from '../port.ts';
import { range, everyPage, expectCode } from './reading.ts';
import { at, operationOf } from './rows.ts';

export function operationPromises(store: () => Store): void {
  it('begins a thousand concurrent requests with one key once', async () => {
    const answers = await Promise.all(
      range(1000).map((n) => store().operations.begin(operationOf({ id: `o${n}`, idempotencyKey: 'same' }))),
    );

    expect(answers.filter((answer) => answer.created).length).toBe(1);
    expect(new Set(answers.map((answer) => answer.operation.id)).size).toBe(1);
    expect(answers.every((answer) => answer.sameRequest)).toBe(true);
    expect((await store().operations.list({})).items.length).toBe(1);
  });

  it('tells a repeat from another request under the same key, and keys of different actors apart', async () => {
    const ada = { name: 'ada', role: 'admin', via: 'token' } as const;
    await store().operations.begin(operationOf({ id: 'o1', idempotencyKey: 'k', requestHash: 'h1' }));

    const other = await store().operations.begin(operationOf({ id: 'o2', idempotencyKey: 'k', requestHash: 'h2' }));
    const hers = await store().operations.begin(operationOf({ id: 'o3', idempotencyKey: 'k', actor: ada }));
    const first = await store().operations.begin(operationOf({ id: 'o4' }));
    const second = await store().operations.begin(operationOf({ id: 'o5' }));

    expect(other).toMatchObject({ created: false, sameRequest: false, operation: { id: 'o1' } });
    expect([hers.created, first.created, second.created]).toEqual([true, true, true]);
    expect(await store().operations.byKey('ada', 'k')).toMatchObject({ operation: { id: 'o3' }, requestHash: 'hash' });
    expect(await store().operations.byKey('ada', 'never')).toBeNull();
  });

  it('journals an operation from its intent to its end', async () => {
    const running = { name: 'copy files', state: 'running', startedAt: at(1), endedAt: null, detail: null } as const;
    const done = { ...running, state: 'succeeded', endedAt: at(2), detail: '3 files' } as const;
    const swap = { name: 'a later step', state: 'running', startedAt: at(1), endedAt: null, detail: null } as const;
    const { operation } = await store().operations.begin(operationOf({ id: 'o1' }));
    expect(operation).toMatchObject({ state: 'queued', startedAt: null, endedAt: null, steps: [], progress: null });

    await store().operations.start('o1', at(1));
    await store().operations.step('o1', running);
    await store().operations.step('o1', swap);
    await store().operations.step('o1', done);
    await store().operations.start('o1', at(3)); // resumed after a crash
    expect((await store().operations.unfinished()).map((item) => item.id)).toEqual(['o1']);
    await store().operations.finish('o1', {
      state: 'succeeded',
      endedAt: at(4),
      result: { backupId: 'b1' },
      error: null,
    });

    expect(await store().operations.get('o1')).toMatchObject({
      state: 'succeeded',
      startedAt: at(1),
      endedAt: at(4),
      steps: [done, swap],
      result: { backupId: 'b1' },
      error: null,
      params: { type: 'full' },
      actor: { name: 'system', role: 'system', via: 'schedule' },
    });
    expect(await store().operations.unfinished()).toEqual([]);
  });

  it('ends an operation once, and knows no operation that was never begun', async () => {
    const end = { state: 'interrupted', endedAt: at(2), result: null, error: null } as const;
    await store().operations.begin(operationOf({ id: 'o1' }));
    await store().operations.finish('o1', { ...end, error: { code: 'interrupted', message: 'm', hint: 'h' } });

    await expectCode(store().operations.finish('o1', { ...end, state: 'succeeded' }), 'operation_finished');
    await expectCode(store().operations.start('o1', at(3)), 'operation_finished');
    await expectCode(store().operations.finish('o9', end), 'operation_unknown');
    expect(await store().operations.get('o9')).toBeNull();
    expect((await store().operations.get('o1'))?.error).toEqual({ code: 'interrupted', message: 'm', hint: 'h' });
  });

  it('lists newest first, filtered, page by page with the steps of each', async () => {
    for (const n of range(5)) {
      await store().operations.begin(
        operationOf({ id: `o${n}`, service: n === 2 ? 'b' : 'a', createdAt: at(n < 3 ? 0 : 1) }),
      );
      await store().operations.step(`o${n}`, {
        name: `s${n}`,
        state: 'running',
        startedAt: at(1),
        endedAt: null,
        detail: null,
      });
    }
    await store().operations.start('o4', at(2));

    const pages = await everyPage((cursor) => store().operations.list({ limit: 2, ...cursor }));

    expect(pages.map((item) => item.id)).toEqual(['o4', 'o3', 'o2', 'o1', 'o0']);
    expect(pages.map((item) => item.steps[0]?.name)).toEqual(['s4', 's3', 's2', 's1', 's0']);
    expect((await store().operations.list({ service: 'b' })).items.map((item) => item.id)).toEqual(['o2']);
    expect((await store().operations.list({ state: 'running', kind: 'backup' })).items.map((item) => item.id)).toEqual([
      'o4',
    ]);
    expect((await store().operations.list({ kind: 'drill' })).items).toEqual([]);
    expect((await store().operations.list({ limit: 1 })).total).toBe(5);
    expect((await store().operations.list({ from: at(1) })).items.map((item) => item.id)).toEqual(['o4', 'o3']);
    expect((await store().operations.list({ to: at(1), service: 'a' })).total).toBe(2);
    expect((await store().operations.list({ actor: 'nobody' })).total).toBe(0);
    await store().operations.finish('o4', { state: 'succeeded', endedAt: at(3), result: null, error: null });
    expect((await store().operations.list({ active: true })).total).toBe(4);
    expect((await store().operations.list({ active: false })).items.map((item) => item.id)).toEqual(['o4']);
  });
}
