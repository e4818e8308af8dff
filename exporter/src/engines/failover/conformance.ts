import { createServer, type AddressInfo } from 'node:net';
import type { Outcome } from '../../contract/errors.ts';
import { fenceMethods, reaches, type FenceProof, type NodeProbe } from '../../contract/failover.ts';
import type { FailoverCluster, FailoverContext, FailoverEngine, FailoverNode } from './port.ts';

/** A small real cluster that runs, with one primary and a standby that has caught up. */
export interface FailoverSubject {
  readonly engine: FailoverEngine;
  /** Every node can be fenced and proven by what is configured. Probes give up after 5 s at most. */
  readonly cluster: FailoverCluster;
  /** Names of nodes of the cluster, as they are at the start. */
  readonly primary: string;
  readonly standby: string;
  /** One write by a client that asks the node itself; true: acknowledged. Gives up after a few seconds and never throws. */
  write(node: string): Promise<boolean>;
  /** Stops every process of the node in its tracks (SIGSTOP); resolves to what lets them go on. */
  freeze(node: string): Promise<() => Promise<void> | void>;
  /** Ends all of it. */
  stop(): Promise<void>;
}

const actionMs = 120_000;

function context(signal = new AbortController().signal): FailoverContext {
  return { signal, note: () => undefined };
}

function valueOf<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw outcome.error;
  return outcome.value;
}

function codeOf(outcome: Outcome<unknown>): string {
  return outcome.ok ? 'ok' : outcome.error.code;
}

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The same node at an address where nobody listens. */
async function nowhere(node: FailoverNode): Promise<FailoverNode> {
  const port = await closedPort();
  return {
    ...node,
    server: node.server === null ? null : { ...node.server, host: '127.0.0.1', port },
    url: node.url === null ? null : `http://127.0.0.1:${port}/`,
    data: null,
  };
}

/** The same node, of which nothing is configured that could stop it or prove that it is down. */
function outOfReach(node: FailoverNode): FailoverNode {
  return { ...node, data: null, webhook: null, commands: { ...node.commands, stop: null, confirmDown: null } };
}

function expectShape(probe: NodeProbe): void {
  expect(new Date(probe.at).toISOString()).toBe(probe.at);
  expect(reaches).toContain(probe.reach);
  expect(probe.seconds).toBeGreaterThanOrEqual(0);
  if (probe.reach !== 'answered') {
    // What does not answer is not a standby, does not refuse writes, and has no position.
    expect(probe).toMatchObject({ role: null, writable: null, receivedBytes: null, replayedBytes: null });
    expect(probe.problem).toEqual(expect.any(String));
  }
}

function expectProof(proof: FenceProof | null): void {
  expect(proof).not.toBeNull();
  expect(fenceMethods).toContain(proof?.method);
  expect(proof?.detail).not.toBe('');
  expect(new Date(proof?.at ?? '').toISOString()).toBe(proof?.at);
  expect(proof?.seconds).toBeGreaterThanOrEqual(0);
}

/** Every failover engine passes this on a real product: the promises of port.ts. Tests run in order on one cluster. */
export function failoverConformance(name: string, open: () => Promise<FailoverSubject>): void {
  describe(`${name} keeps the promises of the failover port`, () => {
    let subject: FailoverSubject | null = null;
    const current = (): FailoverSubject => {
      if (subject === null) throw new Error('the cluster did not start');
      return subject;
    };
    beforeAll(async () => {
      subject = await open();
    }, actionMs);
    afterAll(async () => {
      await subject?.stop();
    }, actionMs);

    describe('probes', () => probePromises(current));
    describe('without an effect', () => harmlessPromises(current));
    describe('moving the primary', () => movePromises(current));
  });
}

type Current = () => FailoverSubject;

function nodeOf({ cluster }: FailoverSubject, name: string): FailoverNode {
  const node = cluster.nodes.find((one) => one.name === name);
  if (node === undefined) throw new Error(`the cluster has no node ${name}`);
  return node;
}

function probeOf(subject: FailoverSubject, node: FailoverNode, signal = new AbortController().signal) {
  return subject.engine.probe(subject.cluster, node, signal);
}

function probePromises(current: Current): void {
  it('see who is the primary and who is not, by one identity of the data', async () => {
    const subject = current();

    const primary = await probeOf(subject, nodeOf(subject, subject.primary));
    const standby = await probeOf(subject, nodeOf(subject, subject.standby));

    for (const probe of [primary, standby]) expectShape(probe);
    expect(primary).toMatchObject({ reach: 'answered', role: 'primary', writable: true });
    expect(standby).toMatchObject({ reach: 'answered', role: 'standby', writable: false });
    expect(standby.systemId).toBe(primary.systemId);
  });

  it('tell a refused connection from silence', async () => {
    const subject = current();

    const probe = await probeOf(subject, await nowhere(nodeOf(subject, subject.primary)));

    expectShape(probe);
    expect(probe.reach).toBe('refused');
  });

  it('take a frozen node for silent within their time, and prove nothing by it', async () => {
    const subject = current();
    const node = nodeOf(subject, subject.primary);
    const thaw = await subject.freeze(node.name);
    try {
      const before = performance.now();
      const probe = await probeOf(subject, node);
      const took = (performance.now() - before) / 1000;

      expectShape(probe);
      expect(probe.reach).toBe('silent');
      expect(took).toBeLessThan(subject.cluster.probeTimeoutSeconds + 2);
      expect(await subject.engine.provenDown(subject.cluster, node, context())).toBeNull();
    } finally {
      await thaw();
    }
    expect(await subject.write(node.name)).toBe(true);
  });

  it('do not throw when they are cancelled', async () => {
    const subject = current();

    const probe = await probeOf(subject, nodeOf(subject, subject.primary), AbortSignal.abort());

    expectShape(probe);
    expect(probe.reach).not.toBe('answered');
  });
}

function harmlessPromises(current: Current): void {
  it('does not take a node for down that works', async () => {
    const subject = current();
    const { engine, cluster } = subject;
    const [primary, standby] = [nodeOf(subject, subject.primary), nodeOf(subject, subject.standby)];

    expect(await engine.provenDown(cluster, primary, context())).toBeNull();
    const proof = await engine.provenDown(cluster, standby, context());

    // The lock of a product proves of its standbys that they take no writes, as long as they take none.
    if (engine.managed && proof !== null) {
      expectProof(proof);
      expect(await subject.write(standby.name)).toBe(false);
    } else expect(proof).toBeNull();
  });

  it('does nothing when it is cancelled before it begins', async () => {
    const subject = current();
    const { engine, cluster } = subject;
    const [primary, standby] = [nodeOf(subject, subject.primary), nodeOf(subject, subject.standby)];
    const cancelled = context(AbortSignal.abort());

    const outcomes = engine.managed
      ? [await engine.handOver(cluster, { planned: true, from: primary, candidate: standby }, cancelled)]
      : [
          await engine.fence(cluster, primary, cancelled),
          await engine.demote(cluster, primary, cancelled),
          await engine.promote(cluster, standby, cancelled),
        ];

    for (const outcome of outcomes) expect(codeOf(outcome)).toBe('cancelled');
    expect(await subject.write(primary.name)).toBe(true);
    expect(await subject.write(standby.name)).toBe(false);
  });

  it('says what it does not do', async () => {
    const subject = current();
    const { engine, cluster } = subject;
    const [primary, standby] = [nodeOf(subject, subject.primary), nodeOf(subject, subject.standby)];

    const outcomes = engine.managed
      ? [await engine.demote(cluster, primary, context()), await engine.promote(cluster, standby, context())]
      : [
          await engine.handOver(cluster, { planned: true, from: primary, candidate: standby }, context()),
          await engine.setPaused(cluster, true, context()),
        ];

    for (const outcome of outcomes) expect(codeOf(outcome)).toBe('not_supported');
    expect(await subject.write(primary.name)).toBe(true);
    expect(await subject.write(standby.name)).toBe(false);
  });

  it('does not claim a fence that it cannot prove', async () => {
    const subject = current();
    const { engine, cluster } = subject;
    if (engine.managed) return expect(engine.strategies).not.toEqual([]); // the product fences, nobody else

    const outcome = await engine.fence(cluster, outOfReach(nodeOf(subject, subject.primary)), context());

    expect(codeOf(outcome)).toBe('fencing_unproven');
    expect(await subject.write(subject.primary)).toBe(true);
  });

  it('warns in sentences', async () => {
    const { engine, cluster } = current();

    const warnings = await engine.warnings(cluster, new AbortController().signal);

    for (const warning of warnings) expect(warning).toMatch(/\S+ \S+/);
  });
}

function movePromises(current: Current): void {
  /** What a client sees is what the engine says. */
  async function expectServing(subject: FailoverSubject, name: string, serving: boolean): Promise<void> {
    expect(await subject.write(name)).toBe(serving);
    const probe = await probeOf(subject, nodeOf(subject, name));
    expectShape(probe);
    if (serving) expect(probe).toMatchObject({ reach: 'answered', role: 'primary', writable: true });
    else expect(probe.writable).not.toBe(true);
  }

  it(
    'moves it, and doing so again changes nothing',
    async () => {
      const subject = current();
      const { engine, cluster } = subject;
      const [from, to] = [nodeOf(subject, subject.primary), nodeOf(subject, subject.standby)];

      if (engine.managed) {
        valueOf(await engine.handOver(cluster, { planned: true, from, candidate: to }, context()));
        await expectServing(subject, to.name, true);
        valueOf(await engine.handOver(cluster, { planned: true, from, candidate: to }, context()));
      } else {
        for (let time = 0; time < 2; time += 1) valueOf(await engine.demote(cluster, from, context()));
        await expectServing(subject, from.name, false);
        for (let time = 0; time < 2; time += 1) valueOf(await engine.promote(cluster, to, context()));
      }

      await expectServing(subject, to.name, true);
      await expectServing(subject, from.name, false);
    },
    actionMs,
  );

  it(
    'takes the old primary back as a standby, and doing so again changes nothing',
    async () => {
      const subject = current();
      const { engine, cluster } = subject;
      const [old, primary] = [nodeOf(subject, subject.primary), nodeOf(subject, subject.standby)];

      for (let time = 0; time < 2; time += 1)
        valueOf(await engine.rejoin(cluster, old, primary, { allowClone: true }, context()));
      if (!engine.managed) valueOf(await engine.follow(cluster, old, primary, context()));

      expect(await probeOf(subject, old)).toMatchObject({ reach: 'answered', role: 'standby', writable: false });
      await expectServing(subject, primary.name, true);
    },
    actionMs,
  );

  it(
    'fences with a proof that stands, again and again, and lets the node back in',
    async () => {
      const subject = current();
      const { engine, cluster } = subject;
      if (engine.managed) return;
      const [to, from] = [nodeOf(subject, subject.primary), nodeOf(subject, subject.standby)];

      for (let time = 0; time < 2; time += 1) {
        expectProof(valueOf(await engine.fence(cluster, from, context())));
        expect(await subject.write(from.name)).toBe(false);
      }
      expectProof(await engine.provenDown(cluster, from, context()));
      valueOf(await engine.promote(cluster, to, context()));
      await expectServing(subject, to.name, true);

      valueOf(await engine.rejoin(cluster, from, to, { allowClone: true }, context()));
      expect(await probeOf(subject, from)).toMatchObject({ reach: 'answered', role: 'standby', writable: false });
    },
    actionMs,
  );
}
