import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Outcome } from '../../../contract/errors.ts';
import { createHaproxyBalancer } from './engine.ts';

const recorded = (name: string): string => readFileSync(path.join(import.meta.dirname, 'testdata', name), 'utf8');
const state = recorded('servers-state-haproxy-2.6.12.txt');
const stat = recorded('stat-haproxy-2.6.12.csv');
/** What HAProxy says to a command that it refuses. */
const refusals = new Map(
  recorded('refusals-haproxy-2.6.12.txt')
    .split(/^> /m)
    .slice(1)
    .map((block) => [block.slice(0, block.indexOf('\n')), block.slice(block.indexOf('\n') + 1)] as const),
);
const refusalOf = (command: string): string => {
  const answer = refusals.get(command);
  if (answer === undefined) throw new Error(`nothing was recorded for ${command}`);
  return answer;
};

const folder = mkdtempSync(path.join(tmpdir(), 'genesis-haproxy-'));
const servers: Server[] = [];
let sockets = 0;
afterAll(async () => {
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

interface Fake {
  readonly socket: string;
  /** Every command in order. */
  readonly asked: string[];
}

/** Listens as HAProxy does; null: it says nothing and keeps the connection. */
async function haproxy(answer: (command: string, client: Socket) => string | null): Promise<Fake> {
  sockets += 1;
  const socket = path.join(folder, `s${sockets}`);
  const asked: string[] = [];
  const server = createServer((client) => {
    client.on('error', () => undefined);
    client.once('data', (data) => {
      const command = data.toString('utf8').trimEnd();
      asked.push(command);
      const text = answer(command, client);
      if (text !== null) client.end(text);
      else setTimeout(() => client.destroy(), 4000).unref();
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return { socket, asked };
}

/** Answers as HAProxy 2.6 does, with the server `a` in the state that it was set to. */
function working(sessionsAfter: readonly number[] = [0]) {
  let bits = 0;
  let looks = 0;
  return (command: string): string => {
    const set = /^set server pg\/a state (ready|drain|maint)$/.exec(command)?.[1];
    if (set !== undefined) {
      bits = { ready: 0, drain: 8, maint: 1 }[set] ?? 0;
      return '\n';
    }
    if (command.startsWith('shutdown sessions')) return '\n';
    if (command === 'show servers state pg') return state.replace(/^(3 pg 1 a 127\.0\.0\.1 \d) \d+/m, `$1 ${bits}`);
    if (command !== 'show stat pg 4 -1') return refusalOf(command);
    if (bits === 0) return stat;
    const sessions = sessionsAfter[Math.min(looks, sessionsAfter.length - 1)];
    looks += 1;
    return stat.replace(/^pg,a,0,0,1,/m, `pg,a,0,0,${sessions},`);
  };
}

const { signal } = new AbortController();
const balancerOf = (socket: string, backend = 'pg') => createHaproxyBalancer({ socket, backend });
function messageOf(outcome: Outcome<unknown>): string {
  return outcome.ok ? 'ok' : `${outcome.error.code}: ${outcome.error.message}`;
}

describe('HAProxy', () => {
  it('shows the servers of the backend', async () => {
    const { socket } = await haproxy(working());

    const seen = await balancerOf(socket).servers(signal);

    expect(seen.ok && seen.value.map(({ name, state: is }) => `${name} ${is}`)).toEqual([
      'a up',
      'b drain',
      'c down',
      'd unknown',
      'e maint',
      'g up',
    ]);
  });

  it('is cut off when its sessions are seen to be gone, not before', async () => {
    const { socket, asked } = await haproxy(working([1, 1, 0]));

    expect(await balancerOf(socket).cutOff('a', signal)).toEqual({ ok: true, value: { ended: 1 } });

    const changes = asked.filter((command) => !command.startsWith('show'));
    const end = 'shutdown sessions server pg/a';
    expect(changes).toEqual(['set server pg/a state maint', end, end, end]);
  });

  it('fails where sessions stay', async () => {
    const { socket } = await haproxy(working([1]));

    const cut = await balancerOf(socket).cutOff('a', signal);

    expect(messageOf(cut)).toBe(
      'balancer_failed: pg/a is in maintenance, but 1 of its sessions did not end within 3 s',
    );
  }, 20_000);

  it('fails where a change is taken and not made', async () => {
    const answers = working();
    const { socket } = await haproxy((command) => (command.startsWith('set') ? '\n' : answers(command)));

    const drained = await balancerOf(socket).drain('a', signal);

    expect(messageOf(drained)).toBe('balancer_failed: HAProxy took `state drain` for pg/a, but it is up');
  }, 20_000);

  it('drains and admits', async () => {
    const { socket, asked } = await haproxy(working());
    const balancer = balancerOf(socket);

    expect(messageOf(await balancer.drain('a', signal))).toBe('ok');
    expect(messageOf(await balancer.admit('a', signal))).toBe('ok');
    expect(asked.filter((command) => command.startsWith('set'))).toEqual([
      'set server pg/a state drain',
      'set server pg/a state ready',
    ]);
  });

  it('is not believed when it ends in the middle of an answer', async () => {
    const answers = working();
    const { socket } = await haproxy((command) => (command.startsWith('set') ? '' : answers(command)));

    expect(messageOf(await balancerOf(socket).admit('a', signal))).toMatch(/^balancer_failed: .* in the middle of its/);
  });
});

describe('what is wrong with HAProxy is said with its mend', () => {
  it('names the backend that it does not have', async () => {
    const { socket } = await haproxy(refusalOf);

    expect(messageOf(await balancerOf(socket, 'nope').servers(signal))).toBe(
      'balancer_failed: HAProxy has no backend nope: compare failover.haproxy.backend with it',
    );
  });

  it('names the servers that it does have', async () => {
    const { socket } = await haproxy(working());

    expect(messageOf(await balancerOf(socket).cutOff('zzz', signal))).toBe(
      'balancer_failed: the backend pg of HAProxy has no server "zzz", it has a, b, c, d, e, g: name it in `server` of the node',
    );
  });

  it('asks for the level admin', async () => {
    const answers = working();
    const denied = refusalOf('operator: set server pg/a state maint');
    const { socket } = await haproxy((command) => (command.startsWith('set') ? denied : answers(command)));

    expect(messageOf(await balancerOf(socket).drain('a', signal))).toMatch(/permits no changes .*`level admin`$/);
  });

  it('passes on other words', async () => {
    const answers = working();
    const words = refusalOf('set server pg/a state nonsense');
    const { socket } = await haproxy((command) => (command.startsWith('set') ? words : answers(command)));

    expect(messageOf(await balancerOf(socket).drain('a', signal))).toMatch(/HAProxy says about the server pg\/a: 'set/);
  });

  it('says that there is no socket, and that nobody listens', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));

    expect(messageOf(await balancerOf(path.join(folder, 'none')).servers(signal))).toMatch(/there is no socket /);
    expect(messageOf(await balancerOf(`127.0.0.1:${port}`).servers(signal))).toMatch(/nobody listens on 127\.0\.0\.1:/);
    expect(messageOf(await balancerOf('relative').servers(signal))).toMatch(/neither an absolute path nor host:port/);
  });

  it('does not wait for one that is frozen', async () => {
    const { socket } = await haproxy(() => null);

    expect(messageOf(await balancerOf(socket).servers(signal))).toMatch(/does not answer on .* within 2 s$/);
  }, 20_000);

  it('never sends a second command that a name brings in', async () => {
    const { socket, asked } = await haproxy(working());

    for (const name of ['a; shutdown sessions server pg/b', 'a\ndisable server pg/b', '', 'a b'])
      expect(messageOf(await balancerOf(socket).cutOff(name, signal))).toMatch(/^balancer_failed: .* is no name in/);
    expect(messageOf(await balancerOf(socket, 'pg; show info').servers(signal))).toMatch(/is no name in HAProxy/);
    expect(asked).toEqual([]);
  });

  it('is cancelled before and while it is asked', async () => {
    const { socket, asked } = await haproxy(() => null);
    const stop = new AbortController();
    const asking = balancerOf(socket).servers(stop.signal);
    setTimeout(() => stop.abort(), 50);

    expect(messageOf(await asking)).toMatch(/^cancelled/);
    expect(messageOf(await balancerOf(socket).cutOff('a', AbortSignal.abort()))).toMatch(/^cancelled/);
    expect(asked).toHaveLength(1);
  });
});
