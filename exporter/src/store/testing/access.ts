import type { Store } from '../port.ts';
import { expectCode } from './reading.ts';
import { at, tokenOf } from './rows.ts';

export function accessPromises(store: () => Store): void {
  it('allows one live token a name; a revoked or expired one gives its name back', async () => {
    await store().tokens.add(tokenOf({ id: 't1', hash: 'h1', expiresAt: at(10) }));
    await expectCode(store().tokens.add(tokenOf({ id: 't2', hash: 'h2' })), 'bad_request');
    await store().tokens.add(tokenOf({ id: 't3', hash: 'h3', createdAt: at(10) }));

    expect(await store().tokens.revoke('t3', at(11))).toBe(true);
    expect(await store().tokens.revoke('t3', at(12))).toBe(false);
    expect(await store().tokens.revoke('t9', at(12))).toBe(false);
    await store().tokens.add(tokenOf({ id: 't4', hash: 'h4', createdAt: at(13) }));

    expect((await store().tokens.list()).map((token) => token.id)).toEqual(['t1', 't3', 't4']);
    expect(await store().tokens.byHash('h3')).toEqual(
      tokenOf({ id: 't3', hash: 'h3', createdAt: at(10), revokedAt: at(11) }),
    );
    expect(await store().tokens.byHash('unknown')).toBeNull();
  });

  it('adds one of two tokens of the same name that are asked for at once', async () => {
    const both = await Promise.allSettled(['t1', 't2'].map((id) => store().tokens.add(tokenOf({ id, hash: id }))));

    expect(both.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('writes the last use of a token at most once a minute', async () => {
    await store().tokens.add(tokenOf({ id: 't1', hash: 'h1' }));
    const lastUse = async (): Promise<string | null | undefined> => (await store().tokens.byHash('h1'))?.lastUsedAt;

    await store().tokens.touch('t1', at(1));
    await store().tokens.touch('t1', at(1.5));
    expect(await lastUse()).toBe(at(1));
    await store().tokens.touch('t1', at(2));
    expect(await lastUse()).toBe(at(2));
  });

  it('holds one pause a service', async () => {
    const pause = { service: 'app', by: 'ada', reason: 'move', since: at(0), until: at(60) };
    await store().pauses.set(pause);
    await store().pauses.set({ ...pause, until: at(90) });

    expect(await store().pauses.list()).toEqual([{ ...pause, until: at(90) }]);
    await store().pauses.clear('app');
    expect(await store().pauses.list()).toEqual([]);
  });

  it('holds one maintenance window a service, apart from its pause', async () => {
    const window = { service: 'app', by: 'ada', reason: 'disks', since: at(0), until: at(60) };
    await store().maintenance.set(window);
    await store().maintenance.set({ ...window, service: 'aaa' });
    await store().maintenance.set({ ...window, by: 'bob', reason: 'more disks', since: at(1), until: at(90) });

    expect(await store().maintenance.list()).toEqual([
      { ...window, service: 'aaa' },
      { service: 'app', by: 'bob', reason: 'more disks', since: at(1), until: at(90) },
    ]);
    expect(await store().pauses.list()).toEqual([]);
    await store().maintenance.clear('app');
    await store().maintenance.clear('never-there');
    expect((await store().maintenance.list()).map(({ service }) => service)).toEqual(['aaa']);
  });

  it('lists facts by prefix, taking every character for itself', async () => {
    for (const name of ['run:b', 'run:a', 'RUN:c', 'run%', 'r_n:x', 'é😀:1']) await store().facts.set(name, '1');
    await store().facts.set('run:a', '2');

    expect(await store().facts.list('run:')).toEqual([
      { name: 'run:a', value: '2' },
      { name: 'run:b', value: '1' },
    ]);
    expect((await store().facts.list('r_n')).map((fact) => fact.name)).toEqual(['r_n:x']);
    expect((await store().facts.list('é😀:')).length).toBe(1);
    expect((await store().facts.list('')).length).toBe(6);
    await store().facts.remove('run:a');
    expect(await store().facts.get('run:a')).toBeNull();
  });
}
