import { createWaker } from './waker.ts';

test('tells once why it was woken; readings win over operations, in whichever order', async () => {
  const waker = createWaker();

  expect(waker.take()).toBeNull();
  waker.wake('operations');
  await waker.woken();
  expect(waker.take()).toBe('operations');
  expect(waker.take()).toBeNull();
  waker.wake('readings');
  waker.wake('operations');
  expect(waker.take()).toBe('readings');
  waker.wake('operations');
  waker.wake('readings');
  expect(waker.take()).toBe('readings');
});

test('whoever waits goes on at the next waking', async () => {
  const waker = createWaker();
  const woken = waker.woken();
  waker.wake('operations');

  await expect(woken).resolves.toBeUndefined();
});
