import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Outcome } from '../src/contract/errors.ts';
import { failoverConformance, type FailoverSubject } from '../src/engines/failover/conformance.ts';
import type { FailoverCluster, FailoverContext, FailoverNode, NodeCommands } from '../src/engines/failover/port.ts';
import { createServiceFailover } from '../src/engines/failover/service/engine.ts';
import { systemClock } from '../src/runtime/clock.ts';
import { systemExec } from '../src/runtime/exec.ts';
import { silentLog } from '../src/runtime/testing.ts';
import { cleanUp, freePort, run, tempFolder, waitUntil } from './support/processes.ts';

// A service of two programs that the generic engine moves by commands and by signed calls.

const engine = createServiceFailover({
  exec: systemExec,
  clock: systemClock,
  fetch: (url, init) => fetch(url, init),
  log: silentLog,
});

/** One node: says what it is, takes writes as the primary, and becomes what it is told. It always starts as a standby. */
const program = `
import { createServer } from 'node:http';
import { writeFileSync } from 'node:fs';
const [name, port, pidFile] = process.argv.slice(2);
let role = 'standby';
createServer((request, reply) => {
  const become = /^\\/become\\/(primary|standby)$/.exec(request.url)?.[1];
  if (become !== undefined) role = become;
  const status = request.url === '/write' && role !== 'primary' ? 503 : 200;
  reply.writeHead(status, { 'content-type': 'application/json' });
  reply.end(JSON.stringify({ node: name, role, system_id: 'shop' }));
}).listen(Number(port), '127.0.0.1', () => writeFileSync(pidFile, String(process.pid)));
`;

/** What an operator's own script would do with GENESIS_NODE and GENESIS_ACTION. */
const control = `
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
const [folder] = process.argv.slice(2);
const { GENESIS_NODE: name, GENESIS_ACTION: action } = process.env;
const port = JSON.parse(readFileSync(folder + '/ports.json', 'utf8'))[name];
const pidFile = folder + '/' + name + '.pid';
const alive = () => {
  try { return process.kill(Number(readFileSync(pidFile, 'utf8')), 0); } catch { return false; }
};
if (action === 'promote' || action === 'demote')
  await fetch('http://127.0.0.1:' + port + '/become/' + (action === 'promote' ? 'primary' : 'standby'));
if (action === 'stop') process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
if (action === 'start') {
  const args = [folder + '/node.mjs', name, String(port), pidFile];
  spawn(process.execPath, args, { detached: true, stdio: 'ignore' }).unref();
}
if (action === 'confirm_down') console.log(alive() ? 'up' : 'down');
`;

interface Shop {
  readonly folder: string;
  readonly ports: Readonly<Record<string, number>>;
  readonly commands: NodeCommands;
  act(action: string, node: string): Promise<{ exitCode: number | null; output: string }>;
  pid(node: string): number;
}

const names = ['a', 'b'] as const;
const pidFiles = new Set<string>();

async function startShop(): Promise<Shop> {
  const folder = tempFolder('genesis-shop-');
  const ports = { a: await freePort(), b: await freePort() };
  writeFileSync(path.join(folder, 'node.mjs'), program);
  writeFileSync(path.join(folder, 'control.mjs'), control);
  writeFileSync(path.join(folder, 'ports.json'), JSON.stringify(ports));
  const command = [process.execPath, path.join(folder, 'control.mjs'), folder];
  const shop: Shop = {
    folder,
    ports,
    commands: {
      stop: command,
      start: command,
      confirmDown: command,
      promote: command,
      demote: command,
      drain: null,
      admit: null,
    },
    act: (action, node) =>
      run({
        name: action,
        file: process.execPath,
        args: command.slice(1),
        env: { GENESIS_NODE: node, GENESIS_ACTION: action },
      }),
    pid: (node) => Number(readFileSync(path.join(folder, `${node}.pid`), 'utf8')),
  };
  for (const name of names) {
    pidFiles.add(path.join(folder, `${name}.pid`));
    await shop.act('start', name);
    await waitUntil(`${name} answers`, async () => (await fetch(`http://127.0.0.1:${ports[name]}/health`)).ok);
  }
  await shop.act('promote', 'a');
  return shop;
}

function clusterOf(shop: Shop, change: (node: FailoverNode) => Partial<FailoverNode> = () => ({})): FailoverCluster {
  const nodes = names.map((name) => {
    const node: FailoverNode = {
      name,
      region: 'here',
      priority: 100,
      candidate: true,
      server: null,
      data: null,
      url: `http://127.0.0.1:${shop.ports[name]}/health`,
      commands: shop.commands,
      webhook: null,
    };
    return { ...node, ...change(node) };
  });
  return {
    service: 'shop',
    nodes,
    bin: null,
    runAs: null,
    replication: null,
    patroni: null,
    caFile: null,
    timeoutSeconds: 10,
    probeTimeoutSeconds: 1,
  };
}

function subjectOf(shop: Shop, cluster: FailoverCluster): FailoverSubject {
  return {
    engine,
    cluster,
    primary: 'a',
    standby: 'b',
    write: async (node) => {
      const init = { method: 'POST', signal: AbortSignal.timeout(2000) };
      return fetch(`http://127.0.0.1:${shop.ports[node]}/write`, init).then(
        (reply) => reply.ok,
        () => false,
      );
    },
    freeze: (node) => {
      const pid = shop.pid(node);
      process.kill(pid, 'SIGSTOP');
      return Promise.resolve(() => void process.kill(pid, 'SIGCONT'));
    },
    stop: () => Promise.resolve(),
  };
}

const secret = 'a secret of both sides';
const switchboards: Server[] = [];

interface Switchboard {
  readonly url: string;
  readonly calls: Record<string, unknown>[];
  /** Calls whose signature or time was wrong. */
  readonly refused: string[];
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** The receiver as the guide describes it: time and signature first, then the deed. */
async function startSwitchboard(shop: Shop): Promise<Switchboard> {
  const board: Switchboard & { calls: Record<string, unknown>[] } = { url: '', calls: [], refused: [] };
  const server = createServer((request, reply) => {
    const answer = (status: number, body: unknown): void => void reply.writeHead(status).end(JSON.stringify(body));
    void bodyOf(request).then(async (body) => {
      const timestamp = String(request.headers['x-genesis-timestamp']);
      const expected = `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
      const given = String(request.headers['x-genesis-signature']);
      const genuine = given.length === expected.length && timingSafeEqual(Buffer.from(given), Buffer.from(expected));
      if (!genuine || Math.abs(Date.now() / 1000 - Number(timestamp)) > 300) {
        board.refused.push(given);
        return answer(401, { error: 'not signed by genesis' });
      }
      const call = JSON.parse(body) as { action: string; node: string };
      board.calls.push(call);
      const done = await shop.act(call.action, call.node);
      answer(200, { done: done.exitCode === 0, down: done.output.trim() === 'down' });
    });
  });
  switchboards.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { ...board, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/genesis` };
}

const none: NodeCommands = {
  stop: null,
  start: null,
  confirmDown: null,
  promote: null,
  demote: null,
  drain: null,
  admit: null,
};

afterAll(async () => {
  for (const server of switchboards) server.close();
  for (const file of pidFiles) {
    if (!existsSync(file)) continue;
    try {
      process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // fenced for good
    }
  }
  await cleanUp();
}, 30_000);

failoverConformance('the generic engine by commands', async () => {
  const shop = await startShop();
  return subjectOf(shop, clusterOf(shop));
});

describe('by signed calls', () => {
  let board: Switchboard;
  failoverConformance('the generic engine by signed calls', async () => {
    const shop = await startShop();
    board = await startSwitchboard(shop);
    return subjectOf(
      shop,
      clusterOf(shop, () => ({ commands: none, webhook: { url: board.url, secret } })),
    );
  });

  it('told the receiver what to do with which node, signed each time', () => {
    expect(board.refused).toEqual([]);
    expect(board.calls).toContainEqual(expect.objectContaining({ action: 'promote', service: 'shop', node: 'b' }));
    expect(board.calls).toContainEqual(expect.objectContaining({ action: 'follow', node: 'a', primary: 'b' }));
    expect(board.calls).toContainEqual(expect.objectContaining({ action: 'start', node: 'b', primary: 'a' }));
    expect(JSON.stringify(board.calls)).not.toContain(secret);
  });
});

describe('what is configured is not believed', () => {
  let shop: Shop;
  const notes: string[] = [];
  const context = (signal = new AbortController().signal): FailoverContext => ({
    signal,
    note: (text) => void notes.push(text),
  });
  beforeAll(async () => {
    shop = await startShop();
  }, 30_000);

  const shell = (script: string): string[] => ['/bin/sh', '-c', script];
  /** The cluster with other commands on its nodes, and little patience. */
  const cluster = (commands: Partial<NodeCommands>): FailoverCluster => ({
    ...clusterOf(shop, (node) => ({ commands: { ...node.commands, ...commands } })),
    timeoutSeconds: 1,
  });
  const node = (from: FailoverCluster, name: string): FailoverNode =>
    from.nodes.find((one) => one.name === name) as FailoverNode;
  const said = (outcome: Outcome<unknown>): string =>
    outcome.ok ? 'ok' : `${outcome.error.code}: ${outcome.error.message}`;

  it('a promotion that ends with 0 and changes nothing', async () => {
    const lying = cluster({ promote: shell('exit 0') });

    expect(said(await engine.promote(lying, node(lying, 'b'), context()))).toBe(
      'failover_failed: nothing shows that b was promoted: it answers as standby and takes no writes',
    );
  });

  it('but told of the operation that it belongs to', async () => {
    const command = (shop.commands.promote ?? []).join(' ');
    const telling = cluster({ promote: shell(`${command}; echo "$GENESIS_ACTION $GENESIS_OPERATION"`) });

    const done = await engine.promote(telling, node(telling, 'b'), { ...context(), operation: 'op-1' });

    expect(said(done)).toBe('ok');
    expect(notes.at(-1)).toMatch(/promote op-1$/);
    await shop.act('demote', 'b');
  });

  it('a promotion that ends with 1 and changes something', async () => {
    const command = (shop.commands.promote ?? []).join(' ');
    const grumbling = cluster({ promote: shell(`${command}; echo 'who knows' >&2; exit 1`) });

    expect(said(await engine.promote(grumbling, node(grumbling, 'b'), context()))).toBe('ok');
    expect(notes.join('\n')).toContain('/bin/sh ended with 1: who knows');
    await shop.act('demote', 'b');
  });

  it('a promotion that fails, hangs or is missing', async () => {
    const failing = cluster({ promote: shell('echo no room >&2; exit 3') });
    const hanging = cluster({ promote: shell('sleep 60') });
    const missing = cluster({ promote: ['/nonexistent/promote'] });

    expect(said(await engine.promote(failing, node(failing, 'b'), context()))).toBe(
      'exec_failed: promote of b: /bin/sh ended with 3: no room',
    );
    expect(said(await engine.promote(hanging, node(hanging, 'b'), context()))).toMatch(/^exec_timeout: /);
    expect(said(await engine.promote(missing, node(missing, 'b'), context()))).toMatch(/^exec_failed: /);
    expect(
      said(await engine.promote(cluster({ promote: null }), node(cluster({ promote: null }), 'b'), context())),
    ).toBe('not_supported: b has neither a command nor a webhook to promote it');
  });

  it('a stop that ends with 0 and stops nothing', async () => {
    const lying = cluster({ stop: shell('exit 0') });

    expect(said(await engine.fence(lying, node(lying, 'a'), context()))).toMatch(/^fencing_unproven: .*last line$/);
  });

  it('a confirmation of a node that still answers', async () => {
    const lying = cluster({ stop: shell('exit 0'), confirmDown: shell('echo down') });

    expect(said(await engine.fence(lying, node(lying, 'a'), context()))).toBe(
      'fencing_unproven: a is said to be down, but it answers as primary and takes writes',
    );
    expect(await engine.provenDown(lying, node(lying, 'a'), context())).toBeNull();
  });

  it('a confirmation that fails, says something else, or hangs', async () => {
    for (const script of ['echo down; exit 1', 'echo down; echo perhaps', 'true', 'sleep 60']) {
      const unsure = cluster({ stop: shell('exit 0'), confirmDown: shell(script) });
      expect(said(await engine.fence(unsure, node(unsure, 'a'), context()))).toMatch(/^fencing_unproven: /);
    }
  }, 30_000);

  it('is cancelled in the middle', async () => {
    const hanging = cluster({ promote: shell('sleep 60') });
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 200);

    expect(said(await engine.promote(hanging, node(hanging, 'b'), context(stop.signal)))).toMatch(/^cancelled: /);
  });

  it('takes a member out and lets it in again where all serve', async () => {
    const out = path.join(shop.folder, 'out');
    const server = createServer((_, reply) => void reply.writeHead(existsSync(out) ? 503 : 200).end('OK'));
    switchboards.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const commands = { ...none, drain: shell(`touch ${out}`), admit: shell(`rm -f ${out}`) };
    const members = { ...clusterOf(shop, () => ({ url, commands })), timeoutSeconds: 1 };
    const member = node(members, 'a');

    for (let time = 0; time < 2; time += 1) expect(said(await engine.demote(members, member, context()))).toBe('ok');
    expect(await engine.probe(members, member, context().signal)).toMatchObject({
      reach: 'failed',
      problem: 'HTTP 503',
    });
    for (let time = 0; time < 2; time += 1)
      expect(said(await engine.rejoin(members, member, member, { allowClone: false }, context()))).toBe('ok');
    expect(await engine.probe(members, member, context().signal)).toMatchObject({ reach: 'answered', role: null });
  });
});
