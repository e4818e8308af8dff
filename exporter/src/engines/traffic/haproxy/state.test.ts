import { readFileSync } from 'node:fs';
import path from 'node:path';
import { readServers } from './state.ts';

const recorded = (name: string): string =>
  readFileSync(path.join(import.meta.dirname, 'testdata', name), 'utf8').replace(/\n\n$/, '');
const state = recorded('servers-state-haproxy-2.6.12.txt');
const stat = recorded('stat-haproxy-2.6.12.csv');

/** The recorded answers with one server's admin bits or status changed. */
function changed(change: { readonly bits?: number; readonly status?: string }) {
  return {
    state: change.bits === undefined ? state : state.replace(/^(3 pg 1 a 127\.0\.0\.1 \d) \d+/m, `$1 ${change.bits}`),
    stat: change.status === undefined ? stat : stat.replace(/^(pg,a,.*?),UP,/m, `$1,${change.status},`),
  };
}

function serverA(answers: { readonly state: string; readonly stat: string }) {
  const read = readServers('pg', answers);
  if (!read.ok) throw read.error;
  return read.value.find(({ name }) => name === 'a');
}

describe('the servers of a backend', () => {
  it('are read from what HAProxy 2.6 says', () => {
    const read = readServers('pg', { state, stat });

    expect(read.ok && read.value.map(({ administration: _, ...server }) => server)).toEqual([
      { backend: 'pg', name: 'a', state: 'up', sessions: 1, weight: 1, address: '127.0.0.1:27101', check: 'connects' },
      {
        backend: 'pg',
        name: 'b',
        state: 'drain',
        sessions: 0,
        weight: 1,
        address: '127.0.0.1:27102',
        check: 'connects',
      },
      {
        backend: 'pg',
        name: 'c',
        state: 'down',
        sessions: 0,
        weight: 1,
        address: '127.0.0.1:27103',
        check: 'connects',
      },
      // Connections go to it, and nobody looks whether it works.
      { backend: 'pg', name: 'd', state: 'unknown', sessions: 0, weight: 1, address: '127.0.0.1:27101', check: 'none' },
      {
        backend: 'pg',
        name: 'e',
        state: 'maint',
        sessions: 0,
        weight: 1,
        address: '127.0.0.1:27101',
        check: null, // none runs in maintenance
      },
      { backend: 'pg', name: 'g', state: 'up', sessions: 0, weight: 1, address: '127.0.0.1:27101', check: null },
    ]);
  });

  it('are out by command, by another server, by DNS or by weight', () => {
    expect(serverA(changed({ bits: 2 }))).toMatchObject({ state: 'maint' });
    expect(serverA(changed({ bits: 32 }))).toMatchObject({ state: 'maint' });
    expect(serverA(changed({ bits: 9 }))).toMatchObject({ state: 'maint' });
    expect(serverA(changed({ bits: 16 }))).toMatchObject({ state: 'drain' });
    expect(serverA(changed({ status: 'NOLB' }))).toMatchObject({ state: 'drain' });
  });

  it('are up again after `ready` although the configuration says `disabled`', () => {
    expect(serverA(changed({ bits: 4 }))).toMatchObject({
      state: 'up',
      administration: { maint: false, drain: false },
    });
  });

  it('are down where a check failed, drained or not, and up while one fails for the first time', () => {
    expect(serverA(changed({ status: 'DOWN 1/2' }))).toMatchObject({ state: 'down' });
    expect(serverA(changed({ status: 'DOWN', bits: 8 }))).toMatchObject({ state: 'down' });
    expect(serverA(changed({ status: 'UP 1/2' }))).toMatchObject({ state: 'up' });
  });

  it('are known by how far their check came, also while the next one runs', () => {
    const checkedBy = (result: string) => serverA({ state, stat: stat.replace(/^(pg,a,.*),L4OK,/m, `$1,${result},`) });

    for (const result of ['L7OK', 'L7TOUT', 'L7STS', 'L6OK', 'PROCOK', '* L7OK'])
      expect(checkedBy(result)).toMatchObject({ state: 'up', check: 'speaks' });
    for (const result of ['L4OK', 'L4CON', '* L4OK']) expect(checkedBy(result)).toMatchObject({ check: 'connects' });
    for (const result of ['INI', '* INI']) expect(checkedBy(result)).toMatchObject({ state: 'unknown', check: null });
    for (const result of ['UNK', 'SOCKERR', '']) expect(checkedBy(result)).toMatchObject({ check: null });
  });

  it('are unknown where something new is said, and their sessions are never 0 for want of a number', () => {
    expect(serverA(changed({ status: 'SLEEPING' }))).toMatchObject({ state: 'unknown' });
    const withoutRow = { state, stat: stat.replace(/^pg,a,.*\n/m, '') };
    expect(serverA(withoutRow)).toMatchObject({ state: 'unknown', sessions: null });
  });

  it('have addresses that can be used, of IPv6 too, and none on a Unix socket', () => {
    const six = { state: state.replace('pg 1 a 127.0.0.1', 'pg 1 a ::1'), stat };
    const socket = { state: state.replace(/^(3 pg 1 a) 127\.0\.0\.1 (.*) 27101 /m, '$1 - $2 0 '), stat };

    expect(serverA(six)).toMatchObject({ address: '[::1]:27101' });
    expect(serverA(socket)).toMatchObject({ address: null });
  });

  it('are refused in a form that nobody knows', () => {
    for (const answers of [
      { state: state.replace(/^1\n/, '2\n'), stat },
      { state, stat: '{"json": true}' },
      { state: '', stat: '' },
    ])
      expect(readServers('pg', answers)).toMatchObject({ ok: false, error: { code: 'balancer_failed' } });
  });
});
