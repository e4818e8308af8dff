import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Outcome } from '../../../contract/errors.ts';
import { backendLoad } from './load.ts';
import { createHaproxyServers } from './servers.ts';
import { readServers } from './state.ts';

const recorded = (name: string): string => readFileSync(path.join(import.meta.dirname, 'testdata', name), 'utf8');
const state = recorded('servers-state-slots-haproxy-2.6.12.txt');
const stat = recorded('stat-slots-haproxy-2.6.12.csv');
const said = JSON.parse(recorded('changes-haproxy-2.6.12.json')) as Readonly<Record<string, string>>;

const folder = mkdtempSync(path.join(tmpdir(), 'genesis-haproxy-'));
const listening: Server[] = [];
afterAll(async () => {
  for (const server of listening) await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

/** Answers as HAProxy does, and keeps what it was asked. */
async function haproxy(answer: (command: string) => string) {
  const socket = path.join(folder, `s${listening.length}`);
  const asked: string[] = [];
  const server = createServer((client) => {
    client.on('error', () => undefined);
    client.once('data', (data) => {
      const command = data.toString('utf8').trimEnd();
      asked.push(command);
      client.end(answer(command));
    });
  });
  listening.push(server);
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return { settings: { socket, backend: 'web', setting: 'scaling.balancer' }, asked };
}

/** Its answers while the server has these administrative bits; `gone`: the server is not there. */
function showing(change: { readonly server?: string; readonly bits?: number; readonly gone?: boolean }) {
  const line = new RegExp(`^(\\d+ web \\d+ ${(change.server ?? 'a').replace('.', '\\.')} \\S+ \\d) \\d+.*\\n`, 'm');
  const changed = (text: string): string => {
    if (change.gone === true) return text.replace(line, '');
    return change.bits === undefined ? text : text.replace(line, (all, head: string) => `${head} ${change.bits}${all.slice(all.indexOf(' ', head.length + 1))}`); // prettier-ignore
  };
  return (command: string): string | null => {
    if (command.startsWith('show servers state')) return changed(state);
    return command.startsWith('show stat') ? stat : null;
  };
}

const { signal } = new AbortController();
const messageOf = (outcome: Outcome<unknown>): string =>
  outcome.ok ? 'ok' : `${outcome.error.code}: ${outcome.error.message}`;

it('servers are told apart: checked or not, slots of the configuration, and those that were added', () => {
  const read = readServers('web', { state: state.replace(/\n\n$/, ''), stat: stat.replace(/\n\n$/, '') });

  expect(read.ok && read.value.map(({ name, administration }) => [name, administration])).toEqual([
    ['a', { maint: false, drain: false, slot: false, tls: false, checked: true }],
    ['slot1', { maint: true, drain: false, slot: true, tls: false, checked: true }],
    ['plain', { maint: false, drain: false, slot: false, tls: false, checked: false }],
    ['genesis.b', { maint: true, drain: false, slot: false, tls: false, checked: true }],
  ]);
});

describe('a server that comes while HAProxy runs', () => {
  const add = 'add server web/genesis.b 127.0.0.1:27101 check inter 1s fall 2 rise 1 weight 1';

  it('is there when it is seen', async () => {
    const { settings, asked } = await haproxy((command) => showing({})(command) ?? said[command] ?? '\n');

    expect(messageOf(await createHaproxyServers(settings).add('genesis.b', '127.0.0.1:27101', 1, signal))).toBe('ok');
    expect(asked[0]).toBe(add);
  });

  it('is not there for a word alone', async () => {
    const { settings } = await haproxy((command) => showing({ server: 'genesis.b', gone: true })(command) ?? said[command] ?? '\n'); // prettier-ignore

    expect(messageOf(await createHaproxyServers(settings).add('genesis.b', '127.0.0.1:27101', 1, signal))).toMatch(
      /^balancer_failed: HAProxy says about the server web\/genesis.b: New server registered/,
    );
  });

  it('needs a slot where the backend shares out by a fixed table', async () => {
    const refusal = said['add server fixed/genesis.b 127.0.0.1:27101 check inter 1s fall 2 rise 1'] as string;
    const shown = showing({ server: 'genesis.b', gone: true });
    const { settings } = await haproxy((command) => shown(command) ?? refusal);

    expect(messageOf(await createHaproxyServers(settings).add('genesis.b', '127.0.0.1:27101', null, signal))).toMatch(
      /Backend must use a dynamic load balancing .*; give the backend web slots: `server-template/,
    );
  });

  it('gets work when its check has passed after maintenance, not by the result of the last one', async () => {
    let bits = 1;
    const { settings, asked } = await haproxy((command) => {
      if (command.endsWith('state drain')) bits = 8;
      return showing({ server: 'genesis.b', bits })(command) ?? '\n';
    });

    expect(messageOf(await createHaproxyServers(settings).warm('genesis.b', signal))).toBe('ok');
    expect(asked.filter((command) => !command.startsWith('show'))).toEqual([
      'set server web/genesis.b state drain',
      'enable health web/genesis.b',
      'set server web/genesis.b health down',
    ]);
  });

  it('has another address when that is seen', async () => {
    const shown = showing({});
    const { settings } = await haproxy((command) => shown(command) ?? said[command] ?? '\n');
    const servers = createHaproxyServers(settings);

    expect(messageOf(await servers.setAddress('slot1', '127.0.0.1:27103', signal))).toBe('ok');
    expect(messageOf(await servers.setAddress('slot1', 'nonsense:1', signal))).toBe(
      "balancer_failed: HAProxy says about the server web/slot1: Invalid addr 'nonsense' by 'stats socket command'",
    );
  });
});

describe('a server that goes', () => {
  it('is gone when it is not seen any more, also where it was gone before', async () => {
    const { settings } = await haproxy((command) => showing({ server: 'genesis.b', gone: true })(command) ?? said['again: del server web/genesis.b'] ?? ''); // prettier-ignore

    expect(messageOf(await createHaproxyServers(settings).remove('genesis.b', signal))).toBe('ok');
  });

  it('is waited for while it has connections, and only then', async () => {
    let asked = 0;
    const busy = said['busy: del server web/genesis.b'] as string;
    const { settings } = await haproxy((command) => {
      if (command.startsWith('del')) asked += 1;
      return showing({ server: 'genesis.b', gone: asked > 2 })(command) ?? busy;
    });
    const refusing = await haproxy((command) => showing({})(command) ?? said[command] ?? '');

    expect(messageOf(await createHaproxyServers(settings).remove('genesis.b', signal))).toBe('ok');
    expect(asked).toBe(3);
    expect(messageOf(await createHaproxyServers(refusing.settings).remove('a', signal))).toMatch(
      /Only servers in maintenance mode can be deleted/,
    );
  });

  it('is never named by something that brings in another command', async () => {
    const { settings, asked } = await haproxy(() => '\n');
    const servers = createHaproxyServers(settings);

    for (const name of ['a; del server web/b', 'a b', '']) {
      expect(messageOf(await servers.remove(name, signal))).toMatch(/is no name in HAProxy/);
      expect(messageOf(await servers.add(name, '127.0.0.1:1', null, signal))).toMatch(/is no name in HAProxy/);
      expect(messageOf(await servers.setAddress(name, '127.0.0.1:1', signal))).toMatch(/is no name in HAProxy/);
    }
    expect(messageOf(await servers.add('a', '127.0.0.1:1; del server web/b', null, signal))).toMatch(/may not hold/);
    expect(asked).toEqual([]);
  });
});

describe('the load of a backend', () => {
  const page = recorded('stat-backend-haproxy-2.6.12.csv');

  it('is what is in work, with what waits', async () => {
    const busy = page.replace(/^web,BACKEND,0,0,0,/m, 'web,BACKEND,3,9,12,');
    const idle = await haproxy(() => page);
    const full = await haproxy(() => busy);

    expect(await backendLoad(idle.settings, signal)).toEqual({ ok: true, value: { sessions: 0, queued: 0 } });
    expect(idle.asked).toEqual(['show stat web 2 -1']);
    expect(await backendLoad(full.settings, signal)).toEqual({ ok: true, value: { sessions: 12, queued: 3 } });
  });

  it('is not nothing where nothing is said', async () => {
    const without = await haproxy(() => page.replace(/^web,BACKEND.*\n/m, ''));
    const nope = await haproxy(() => 'No such proxy.\n\n');

    expect(messageOf(await backendLoad(without.settings, signal))).toMatch(/tells no load of the backend web$/);
    expect(messageOf(await backendLoad(nope.settings, signal))).toBe(
      'balancer_failed: HAProxy has no backend web: compare scaling.balancer.backend with it',
    );
  });
});
