import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readMetric } from './metric.ts';
import { ProcessOptions } from './options.ts';
import { addressOf } from './look.ts';
import { withFreePorts } from './ports.ts';
import { ofOptions, unitIn } from './warnings.ts';
import { markerOf, newNames, parseWorker, readWorkers, removeWorker, writeWorker, type Worker } from './workers.ts';

const home = mkdtempSync(path.join(tmpdir(), 'genesis-workers-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const worker: Worker = {
  name: 'web-1',
  port: 8001,
  process: { pid: 4711, startTicks: 1_876_543, boot: 'b0' },
  startedAt: '2026-11-22T16:00:00.000Z',
  wasReady: true,
  endingSince: null,
  askedAt: null,
};

describe('the load that a worker tells', () => {
  const page = [
    '# HELP busy Requests in work.',
    '# TYPE busy gauge',
    'busy{path="/a} b",method="GET"} 3',
    'busy{path="quote \\" here"} 4.5 1763700000000',
    'busy_total 99',
    'idle 0',
    'broken NaN',
    'unbounded +Inf',
    '',
  ].join('\n');

  it.each([
    ['busy', 7.5],
    ['busy_total', 99],
    ['idle', 0],
    ['broken', null],
    ['unbounded', null],
    ['bus', null],
    ['none', null],
  ])('%s is %s: the sum of its series, and never a number where there is none', (name, value) => {
    expect(readMetric(page, name)).toBe(value);
  });
});

describe('the files of workers', () => {
  it('come back as they were written, in the order of their numbers, and the damaged are named', async () => {
    const tenth = { ...worker, name: 'web-10', process: null };
    for (const one of [tenth, { ...worker, name: 'web-2' }, worker]) await writeWorker(home, one);
    writeFileSync(path.join(home, 'web-3.json'), '{"name":"web-3"');
    writeFileSync(path.join(home, 'web-4.json'), JSON.stringify(worker)); // of another name

    const { workers, damaged } = await readWorkers(home);

    expect(workers).toEqual([worker, { ...worker, name: 'web-2' }, tenth]);
    expect([...damaged].sort()).toEqual(['web-3', 'web-4']);
    expect(readdirSync(home).filter((name) => name.endsWith('.part'))).toEqual([]);
    await removeWorker(home, 'web-10');
    await removeWorker(home, 'web-10');
    expect((await readWorkers(home)).workers).toHaveLength(2);
  });

  it('are refused where the process is not known for certain', () => {
    expect(parseWorker(JSON.stringify(worker))).toEqual(worker);
    for (const process of [4711, { pid: 4711 }, { pid: 1, startTicks: 5, boot: 'b0' }, { ...worker.process, boot: '' }])
      expect(parseWorker(JSON.stringify({ ...worker, process }))).toBeNull();
  });
});

it('names take the lowest numbers that are free', () => {
  expect(newNames('web', new Set(['web-1', 'web-3']), 3)).toEqual(['web-2', 'web-4', 'web-5']);
  expect(newNames('web', new Set(), 0)).toEqual([]);
});

it('the marker tells services and homes apart', () => {
  expect(markerOf('web', '/a/')).toBe(markerOf('web', '/a'));
  expect(new Set([markerOf('web', '/a'), markerOf('web', '/b'), markerOf('api', '/a')]).size).toBe(3);
});

it('ports are free ones of the range, and fewer where there are no more', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const range: [number, number] = [port, Math.min(port + 2, 65_535)];
  const ports = await withFreePorts('127.0.0.1', range, new Set([port + 1]), 5, async (free) => [...free]);
  await new Promise((resolve) => server.close(resolve));

  expect(ports).not.toContain(port);
  expect(ports).not.toContain(port + 1);
  expect(ports.length).toBeLessThanOrEqual(1);
});

it('a port is given to one alone, until its worker had the time to listen', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const [range, none]: [[number, number], Set<number>] = [[port, port], new Set()];
  const take = (work: (ports: readonly number[]) => Promise<readonly number[]>) =>
    withFreePorts('127.0.0.1', range, none, 1, work);

  const seen = await take(async (ports) => [...ports, ...(await take(async (others) => others))]);
  const failed = await take(() => Promise.reject(new Error('no'))).catch((thrown: Error) => thrown.message);

  expect(seen).toEqual([port]);
  expect(failed).toBe('no');
  expect(await take(async (ports) => ports)).toEqual([port]);
});

it('all addresses to listen on are one to reach', () => {
  expect(['0.0.0.0', '::', '::1', '10.0.0.7', 'node'].map((host) => addressOf({ host }, 80))).toEqual(
    ['127.0.0.1:80', '[::1]:80', '[::1]:80', '10.0.0.7:80', 'node:80'], // prettier-ignore
  );
});

it('what is at risk is said', () => {
  const options = (change: object): ProcessOptions =>
    ProcessOptions.parse({ command: ['worker'], ports: [8000, 8010], ...change });

  expect(ofOptions(options({}))).toEqual([]);
  expect(ofOptions(options({ ports: [8010, 8000] }))).toEqual([expect.stringContaining('is empty')]);
  expect(ofOptions(options({ host: '0.0.0.0' }))).toEqual([expect.stringContaining('listen on 0.0.0.0')]);
  expect(ofOptions(options({ load_path: '/metrics' }))).toEqual([expect.stringContaining('go together')]);
  expect(unitIn('0::/system.slice/genesis.service\n')).toBe('genesis.service');
  expect(unitIn('0::/user.slice/user-1000.slice/session-2.scope\n')).toBeNull();
});
