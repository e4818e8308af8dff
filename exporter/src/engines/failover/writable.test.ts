import { fail, ok } from '../../contract/errors.ts';
import { judgeServer, type ServerRow } from './writable-server.ts';
import { countViews, recognise, type WriterView } from './writable.ts';

const view = (node: string, change: Partial<WriterView> = {}): WriterView => ({
  node,
  writes: false,
  why: null,
  identity: `id of ${node}`,
  ...change,
});

const row = (change: Partial<ServerRow> = {}): ServerRow => ({
  standby: false,
  read_only: 'off',
  source: 'default',
  system_id: '7574',
  port: '5432',
  started: '1795363021.123456',
  ...change,
});

describe('the count of writers', () => {
  it('counts those that write, and lists those that nobody can tell of', () => {
    const views = [
      view('a', { writes: true }),
      view('b'),
      view('c', { writes: null, why: '10.0.0.3:5432: no answer within 2 s', identity: null }),
      view('d', { writes: true }),
      view('e', { writes: null, identity: null }),
    ];

    expect(countViews(views)).toEqual({
      writers: ['a', 'd'],
      unknown: [
        { node: 'c', why: '10.0.0.3:5432: no answer within 2 s' },
        { node: 'e', why: 'it does not say whether it takes writes' },
      ],
    });
  });

  it('does not take one server under two names for two writers', () => {
    const views = [view('a', { writes: true }), view('b', { writes: true, identity: 'id of a' })];

    expect(countViews(views)).toEqual({
      writers: ['a'],
      unknown: [{ node: 'b', why: 'its address reaches a, too: one server under two names' }],
    });
  });

  it('does not take servers that do not say who they are for one', () => {
    const views = [view('a', { writes: true, identity: null }), view('b', { writes: true, identity: null })];

    expect(countViews(views).writers).toEqual(['a', 'b']);
  });
});

describe('the way through the load balancer', () => {
  const views = [view('a', { writes: true }), view('b')];
  const through = (change: Partial<Omit<WriterView, 'node'>> & { readonly node?: string | null } = {}) => ({
    node: null,
    writes: true,
    why: null,
    identity: 'id of a',
    ...change,
  });

  it('leads to the writer', () => {
    expect(recognise(through(), views)).toEqual({ node: 'a', problem: null });
    expect(recognise(through({ node: 'a', identity: null }), views)).toEqual({ node: 'a', problem: null });
  });

  it('leads to a standby, to a stranger, or nowhere', () => {
    expect(recognise(through({ writes: false, identity: 'id of b' }), views)).toEqual({
      node: null,
      problem: 'it leads to b that takes no writes',
    });
    expect(recognise(through({ writes: false, identity: 'x' }), views).problem).toContain(
      'a server that takes no writes',
    );
    expect(recognise(through({ identity: 'x' }), views)).toEqual({
      node: null,
      problem: 'it leads to a writer that is none of the nodes that can be asked themselves',
    });
    expect(recognise(through({ writes: null, why: 'connection refused', identity: null }), views)).toEqual({
      node: null,
      problem: 'connection refused',
    });
  });
});

describe('a server', () => {
  it('takes writes unless it is in recovery', () => {
    expect(judgeServer(ok(row()))).toEqual({ writes: true, why: null, identity: '7574 5432 1795363021.123456' });
    expect(judgeServer(ok(row({ standby: true })))).toMatchObject({ writes: false });
  });

  it('that is only read-only by default can write for who wants to: nobody can tell', () => {
    for (const source of ['configuration file', 'command line', 'override'])
      expect(judgeServer(ok(row({ read_only: 'on', source })))).toMatchObject({
        writes: null,
        why: expect.stringContaining('any client may lift'),
      });
  });

  it('takes writes of others where only the login that asks is read-only', () => {
    for (const source of ['user', 'database', 'database user'])
      expect(judgeServer(ok(row({ read_only: 'on', source })))).toMatchObject({ writes: true });
  });

  it('that does not answer is unknown, with the reason', () => {
    const refused = judgeServer(fail('postgres_unreachable', '10.0.0.1:5432: connection refused'));

    expect(refused).toEqual({ writes: null, why: '10.0.0.1:5432: connection refused', identity: null });
    expect(judgeServer(fail('cancelled', 'the session was cancelled'), 'no answer within 4 s').why).toBe(
      'no answer within 4 s',
    );
    expect(judgeServer(ok(null))).toMatchObject({ writes: null });
  });
});
