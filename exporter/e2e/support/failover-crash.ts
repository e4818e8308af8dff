import { phaseWords } from '../../src/runtime/failover/takeover.ts';
import type { Phase } from '../../src/core/transitions.ts';
import type { Operation } from '../../src/contract/operation.ts';
import type { Pair } from './failover-pair.ts';
import { sleep, waitUntil } from './processes.ts';

/** kill -9 of Genesis in a phase of a takeover, and what is there after the next start. */

export interface CrashPoint {
  readonly kind: 'failover' | 'switchover' | 'rejoin';
  readonly phase: Phase;
  /** After the phase was seen to run. */
  readonly thenMs: number;
}

export interface CrashFinding {
  readonly point: string;
  /** How the operation was closed. */
  readonly state: Operation['state'];
  readonly left: string;
  readonly primary: string | null;
  readonly writers: readonly string[];
  /** Timelines that the operation and its end have made. */
  readonly promotions: number;
  readonly lostRows: number;
}

const pollMs = 2;

async function timelineOf(pair: Pair): Promise<number> {
  const { nodes } = await pair.facts();
  return Math.max(...nodes.map(({ probe }) => probe?.timeline ?? 0));
}

/** Resolves when the step of that phase runs, or the operation has ended before it was seen. */
async function untilPhase(pair: Pair, id: string, phase: Phase): Promise<void> {
  await waitUntil(
    `${phase} runs`,
    async () => {
      const { body } = await pair.genesis.api<Operation>('GET', `/operations/${id}`);
      return body.endedAt !== null || body.steps.some(({ name }) => name === phaseWords[phase]);
    },
    { intervalMs: pollMs, deadlineMs: 60_000 },
  );
}

/** Starts from a settled pair, kills Genesis, starts it again and looks. */
export async function crashTakeover(pair: Pair, point: CrashPoint): Promise<CrashFinding> {
  const { primary } = await pair.facts();
  const from = primary ?? '';
  const to = from === 'a' ? 'b' : 'a';
  if (point.kind === 'rejoin') await pair.act(`nodes/${to}/fence`);
  const before = await timelineOf(pair);
  const { id } = await pair.begin(point.kind === 'rejoin' ? `nodes/${to}/rejoin` : point.kind);
  await untilPhase(pair, id, point.phase);
  await sleep(point.thenMs);
  await pair.genesis.kill9();
  await pair.restart();
  const closed = await pair.genesis.waitForOperation(id, 120_000);
  const seen = await pair.until('one node takes writes, counted apart', ({ writable, nodes, primary: now }) => {
    const writing = nodes.filter(({ probe }) => probe?.writable === true);
    return writable.length === 1 && writing.length === 1 && writing[0]?.name === now;
  });
  const wrote = Date.now();
  await waitUntil('the client writes again', async () => pair.writer.acknowledged.some(({ at }) => at > wrote), {
    deadlineMs: 30_000,
  });
  const steps = closed.steps.map(({ name, detail }) => `${name}${detail === null ? '' : ` (${detail})`}`);
  return {
    point: `${point.kind}, ${point.phase} + ${point.thenMs} ms`,
    state: closed.state,
    left: steps.at(-1) ?? '',
    primary: seen.primary,
    writers: seen.writable,
    promotions: (await timelineOf(pair)) - before,
    lostRows: (await pair.lost(pair.named(seen.primary ?? ''))).length,
  };
}

/** What is wrong with a finding; a takeover that was asked for while all was well loses nothing that was acknowledged. */
export function faultsOf({ writers, promotions, lostRows }: CrashFinding): readonly string[] {
  return [
    ...(writers.length === 1 ? [] : [`${writers.length} nodes take writes`]),
    ...(promotions <= 1 ? [] : [`${promotions} promotions`]),
    ...(lostRows === 0 ? [] : [`${lostRows} acknowledged rows are lost`]),
  ];
}

/** Both nodes are there again, whatever was out before. */
export async function makeWhole(pair: Pair): Promise<void> {
  const now = await pair.until('a primary is known', ({ primary }) => primary !== null);
  const out = now.primary === 'a' ? 'b' : 'a';
  const isBack = now.nodes.find(({ name }) => name === out);
  if (isBack?.fence !== null || isBack.probe?.role !== 'standby') await pair.act(`nodes/${out}/rejoin`);
  await pair.settled(now.primary ?? '');
}
