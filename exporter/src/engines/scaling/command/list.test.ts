import { fleetIn } from './list.ts';

const said = (value: unknown): string => {
  const fleet = fleetIn(value, 'what list prints');
  return fleet.ok ? 'ok' : `${fleet.error.code}: ${fleet.error.message}`;
};

it('a list gives the instances, with null for what it does not say', () => {
  const fleet = fleetIn(
    [
      {
        name: 'a',
        state: 'ready',
        address: '10.0.0.1:80',
        load: 0,
        startedAt: '2026-11-22T17:00:00+01:00',
        zone: 'eu',
      },
      { name: 'b', state: 'starting' },
    ],
    'what list prints',
  );

  expect(fleet).toEqual({
    ok: true,
    value: {
      wanted: null,
      ownedBy: null,
      instances: [
        {
          name: 'a',
          state: 'ready',
          address: '10.0.0.1:80',
          load: 0,
          startedAt: '2026-11-22T16:00:00.000Z',
          protectedBy: null,
          detail: null,
        },
        { name: 'b', state: 'starting', address: null, load: null, startedAt: null, protectedBy: null, detail: null },
      ],
    },
  });
});

it.each([
  [undefined, /^scaling_failed: what list prints is no list of instances: /],
  [{ instances: [] }, /is no list of instances: /],
  [[{ name: 'a' }], /: 0\.state: /],
  [[{ name: 'a', state: 'running' }], /: 0\.state: /],
  [[{ name: 'a b', state: 'ready' }], /: 0\.name: must be without blanks and commas$/],
  [[{ name: 'a', state: 'ready', address: '10.0.0.1' }], /: 0\.address: must be host:port$/],
  [
    [
      { name: 'a', state: 'ready', load: null },
      { name: 'a', state: 'ready' },
    ],
    /names a twice$/,
  ],
])('%j is no list', (value, message) => {
  expect(said(value)).toMatch(message);
});

it('no instance at all is a list', () => {
  expect(said([])).toBe('ok');
});
