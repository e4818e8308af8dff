/** Probes of a server every 10 ms from a process of its own, beside a bare server as the control. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';

export const everyMs = 10;
const nowMs = (): number => performance.timeOrigin + performance.now();
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface Probe {
  readonly dueMs: number;
  readonly latencyMs: number;
}
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

/** In a process of its own: probes from `start` to `stop`. */
async function runProber(): Promise<void> {
  const agent = new http.Agent({ keepAlive: true });
  const ask = (url: string): Promise<void> =>
    new Promise((resolve, reject) => {
      http.get(url, { agent }, (res) => res.resume().on('end', resolve)).on('error', reject);
    });
  let probing = false;
  let ended: Promise<Probe[]> = Promise.resolve([]);
  const probe = async (url: string): Promise<Probe[]> => {
    const probes: Promise<Probe>[] = [];
    for (let dueMs = nowMs(); probing; dueMs += everyMs) {
      const wait = dueMs - nowMs();
      if (wait > 0) await sleep(wait);
      const due = dueMs;
      probes.push(ask(url).then(() => ({ dueMs: due, latencyMs: nowMs() - due })));
    }
    return Promise.all(probes);
  };
  process.on('message', (message: { start?: string }) => {
    probing = message.start !== undefined;
    if (message.start !== undefined) ended = probe(message.start);
    else void ended.then((probes) => process.send?.(probes));
  });
  await once(process, 'disconnect');
}

/** The control: a server that does nothing else. */
async function runControl(): Promise<void> {
  const server = http.createServer((_, res) => res.end('ok\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  process.once('disconnect', () => process.exit(0));
}

/** This or another file in a process of its own; it ends when it is disconnected. */
export function startRole(role: string, file = fileURLToPath(import.meta.url)): ChildProcess {
  return fork(file, ['--role', role]);
}
export async function firstMessage<T>(child: ChildProcess): Promise<T> {
  const [message] = (await once(child, 'message')) as [T];
  return message;
}

export interface Measured {
  readonly title: string;
  readonly genesis: readonly Probe[];
  readonly control: readonly Probe[];
  readonly windows: readonly Window[];
  readonly load: number;
}

/** Probes both servers while the work runs; the work says in which windows probes count. */
export async function during(
  title: string,
  url: string,
  controlUrl: string,
  work: () => Promise<Window[]>,
): Promise<Measured> {
  const probers = [startRole('prober'), startRole('prober')] as const;
  await sleep(500);
  probers[0].send({ start: url });
  probers[1].send({ start: controlUrl });
  await sleep(500);
  const windows = await work();
  const load = loadavg()[0] ?? NaN;
  const answers = probers.map((prober) => firstMessage<Probe[]>(prober));
  for (const prober of probers) prober.send({});
  const [genesis = [], control = []] = await Promise.all(answers);
  for (const prober of probers) prober.disconnect();
  const counts = ({ dueMs }: Probe): boolean => windows.some(({ fromMs, toMs }) => dueMs >= fromMs && dueMs <= toMs);
  return { title, genesis: genesis.filter(counts), control: control.filter(counts), windows, load };
}

export async function timed(work: () => Promise<unknown>): Promise<Window> {
  const fromMs = nowMs();
  await work();
  return { fromMs, toMs: nowMs() };
}

export const percentile = (probes: readonly Probe[], p: number): number =>
  probes.map((probe) => probe.latencyMs).sort((a, b) => a - b)[
    Math.min(probes.length - 1, Math.floor(probes.length * p))
  ] ?? NaN;

if (process.argv[2] === '--role' && process.argv[3] === 'prober') await runProber();
if (process.argv[2] === '--role' && process.argv[3] === 'control') await runControl();
