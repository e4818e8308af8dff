import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import path from 'node:path';
import { casesOf } from './support/cases.ts';
import { checkout, cleanUp, freePort, sleep, tempFolder, waitUntil } from './support/processes.ts';
import { startScaledBench, type ScaledBench } from './support/scaled.ts';

// The product behind the instances fails: workers whose HAProxy is gone or hangs, servers of that HAProxy, programs of an operator. Nothing
// is removed on what nobody saw, it is frozen and told within three evaluations, and goes on by itself.

type Name = 'web' | 'pool' | 'shop';
const names: readonly Name[] = ['web', 'pool', 'shop'];
const wanted = 2;
const intervalMs = 1000;
/** How long a product may take to say nothing: the commands of HAProxy and the programs have their own bounds. */
const silenceMs = 5000;

/** Of the operator's provider: `list` prints what `scale` has written, which says no where the file `refuse` is. */
const account = tempFolder('gaccount-');
const [listFile, scaleFile, instancesFile] = ['list', 'scale', 'instances.json'].map((name) => path.join(account, name)) as [string, string, string]; // prettier-ignore
const listProgram = `cat '${instancesFile}'`;
const scaleProgram = `
if [ -e '${account}/refuse' ]; then echo 'quota exceeded' >&2; exit 1; fi
all=''; n=1
while [ $n -le $1 ]; do all="$all\${all:+,}{\\"name\\":\\"vm-$n\\",\\"state\\":\\"ready\\"}"; n=$((n+1)); done
echo "[$all]" > '${instancesFile}.part' && mv '${instancesFile}.part' '${instancesFile}'`;
const servers: Server[] = [];
let bench: ScaledBench;

beforeAll(async () => {
  program(listFile, listProgram);
  program(scaleFile, scaleProgram);
  writeFileSync(instancesFile, '[]');
  const ports = await Promise.all(['a', 'b', 'c'].map(listening));
  bench = await startScaledBench(policyOf('web'), {
    backends: [
      {
        name: 'pool',
        mode: 'http',
        check: { http: '/health' },
        balance: 'roundrobin',
        servers: ports.map((port, n) => ({ name: `p${n + 1}`, port, options: n === 0 ? '' : 'disabled' })),
      },
    ],
    others: (haproxy) => ({
      pool: { engine: 'haproxy', haproxy: { socket: haproxy.socket, backend: 'pool' }, ...policyOf('pool') },
      shop: {
        engine: 'command',
        command: { list: [listFile], scale: [scaleFile, '{desired}'], timeout: '2s' },
        ...policyOf('shop'),
      },
    }),
    prometheus: [`rule_files: [${JSON.stringify(writeRules())}]`],
  });
  steer({});
  await waitUntil('two of each serve, and the metrics are known', async () => {
    const all = await Promise.all(names.map((name) => bench.facts(name)));
    const ready = await Promise.all(names.map((name) => bench.ready(name)));
    return ready.every((n) => n === wanted) && all.every(({ decision }) => decision?.votes[0]?.reading.known === true);
  }, { deadlineMs: 60_000, processes: [bench.genesis.process] }); // prettier-ignore
}, 120_000);

afterAll(async () => {
  await bench?.stop();
  for (const server of servers) server.close();
  await cleanUp();
}, 60_000);

function policyOf(name: Name): Record<string, unknown> {
  return {
    mode: 'auto',
    min: 1,
    max: 3,
    desired: wanted,
    interval: `${intervalMs / 1000}s`,
    evaluation_periods: 2,
    cooldown: { up: '1s', down: '1s' },
    warm_up: '1s',
    stale_after: '5s',
    freeze_after: 3,
    ready_within: '3s',
    drain: '2s',
    metrics: [
      { name: 'load', kind: 'query', query: `steered_${name}`, scales: 'mean', target: 0.5, up: 0.7, down: 0.3 },
    ],
  };
}

function program(file: string, text: string): void {
  writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
}

/** The generated rules, evaluated each second in place of each half minute. */
function writeRules(): string {
  const folder = tempFolder('grules-');
  for (const file of ['genesis_rules.yml', 'dr_alerts.yml']) {
    const text = readFileSync(path.join(checkout, 'rules/generated', file), 'utf8');
    writeFileSync(path.join(folder, file), text.replace(/^( {4}interval): \S+$/gm, '$1: 1s'));
  }
  return path.join(folder, '*.yml');
}

async function listening(name: string): Promise<number> {
  const server = createServer((_request, reply) => reply.end(name));
  servers.push(server);
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve).unref());
  return port;
}

/** What each service is to see; 0.5 is right as it is, and below 0.3 it wants fewer. */
function steer(loads: Partial<Record<Name, number>>): void {
  bench.steer(names.map((name) => `steered_${name} ${loads[name] ?? 0.5}`).join('\n'));
}

const allOf = (list: readonly Name[], load: number) => steer(Object.fromEntries(list.map((name) => [name, load])));

async function isFrozen(list: readonly Name[], on: '0' | '1'): Promise<boolean> {
  const seen = await Promise.all(list.map((name) => bench.metric('frozen', name)));
  return seen.every((value) => value === on);
}

const removals = async (name: Name) => (await bench.history(name)).filter(({ action }) => action === 'scale_down');

/** Then the load is low: whoever decided on what nobody sees would remove some now. */
async function heldBy(list: readonly Name[], fault: () => void | Promise<void>): Promise<void> {
  await fault();
  const began = Date.now();
  await waitUntil('it is said that nobody can look', async () => {
    const all = await Promise.all(list.map((name) => bench.facts(name)));
    return all.every(({ problem }) => problem !== null);
  });
  allOf(list, 0.1);
  await waitUntil('it is frozen', () => isFrozen(list, '1'), { deadlineMs: 40_000 });
  const tookMs = Date.now() - began;
  await sleep(3 * intervalMs);

  expect(tookMs).toBeLessThan(3 * (intervalMs + silenceMs));
  expect(await isFrozen(list, '1')).toBe(true);
  for (const name of list) {
    expect((await bench.facts(name)).frozenSince).not.toBeNull();
    expect(await removals(name)).toEqual([]);
  }
}

async function goesOn(list: readonly Name[], mend: () => void | Promise<void>): Promise<void> {
  steer({});
  await waitUntil('the load is right again', async () => {
    const found = await Promise.all(list.map((name) => bench.prometheus.query(`steered_${name}`)));
    return found.every(([one]) => one?.value === 0.5);
  });
  await mend();
  await waitUntil('it goes on, with as many as before', async () => {
    const ready = await Promise.all(list.map((name) => bench.ready(name)));
    return (await isFrozen(list, '0')) && ready.every((n) => n === wanted);
  }, { deadlineMs: 40_000 }); // prettier-ignore
  for (const name of list) {
    expect((await bench.facts(name)).problem).toBeNull();
    expect(await removals(name)).toEqual([]);
  }
}

const isFiring = async (name: Name): Promise<boolean> =>
  (await bench.prometheus.query(`ALERTS{alertname="GenesisAutoscalerFrozen",alertstate="firing",service="${name}"}`))
    .length === 1;

it.each(
  casesOf([
    ['says nothing and does not end', 'exec sleep 60'],
    ['ends with 1', 'echo "no such account" >&2; exit 1'],
    ['prints nonsense', 'echo "<html>Bad gateway</html>"'],
  ]),
)('a program that %s', async (_what, text) => {
  await heldBy(['shop'], () => program(listFile, text));
  expect(JSON.parse(readFileSync(instancesFile, 'utf8'))).toHaveLength(wanted);
  await waitUntil('somebody is told', () => isFiring('shop'));

  await goesOn(['shop'], () => program(listFile, listProgram));
}, 60_000); // prettier-ignore

it('HAProxy is killed: its servers, and workers behind it', async () => {
  const both = ['web', 'pool'] as const;
  await heldBy(both, () => bench.haproxy.kill());
  for (const name of both) await waitUntil('somebody is told', () => isFiring(name));

  await goesOn(both, () => bench.restartHaproxy());
  await waitUntil('clients get in again', async () => (await fetch(bench.url)).ok);
}, 60_000);

it('HAProxy hangs', async () => {
  const hung = bench.haproxyPid();
  await heldBy(['pool'], () => void process.kill(hung, 'SIGSTOP'));

  await goesOn(['pool'], () => void process.kill(hung, 'SIGCONT'));
}, 60_000);

it('a program that refuses what is asked for', async () => {
  const refuse = path.join(account, 'refuse');
  writeFileSync(refuse, '');
  steer({ shop: 0.9 });
  await waitUntil('it was asked for more, and refused', async () => {
    const [newest] = await bench.history('shop');
    return newest?.action === 'scale_up' && !newest.succeeded;
  });

  expect((await bench.history('shop'))[0]).toMatchObject({ before: wanted, after: wanted, rolledBack: false });
  expect((await bench.history('shop'))[0]?.error).toContain('quota exceeded');
  expect(await removals('shop')).toEqual([]);
  rmSync(refuse);
  await waitUntil('it is done once it can be', async () => (await bench.ready('shop')) === 3, { deadlineMs: 40_000 });
}, 60_000);
