import type { Outcome } from '../../contract/errors.ts';
import { instanceStates, type Fleet } from '../../contract/scaling.ts';
import type { ScaleRequest, ScaleResult, ScalingEngine } from './port.ts';

/** A real product that nobody else scales. Four instances at most are asked for; it may begin with any number. */
export interface ScalingSubject {
  readonly engine: ScalingEngine;
  /** From now on no new instance gets ready; those that are stay so. It is the last thing that is asked for. */
  breakReady(): Promise<void>;
  dispose(): Promise<void>;
  /** Another engine on the same product, as after a crash of Genesis. Absent: the engine keeps nothing, and itself is asked again. */
  reopen?(): Promise<ScalingEngine>;
  /** Counts instances past the engine, e.g. processes by their marker: what is not accounted for shows here. */
  count?(): Promise<number>;
  /** How long an instance may take. Default 30 s and 5 s. */
  readonly readySeconds?: number;
  readonly drainSeconds?: number;
  /** So long an instance that never gets ready is waited for. Default 3 s. */
  readonly hopelessSeconds?: number;
}

const actionMs = 120_000;
const calm = new AbortController().signal;

type Current = () => ScalingSubject;

function valueOf<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw outcome.error;
  return outcome.value;
}

function codeOf(outcome: Outcome<unknown>): string {
  return outcome.ok ? 'ok' : outcome.error.code;
}

function request(subject: ScalingSubject, desired: number, remove: readonly string[] = []): ScaleRequest {
  const { readySeconds = 30, drainSeconds = 5 } = subject;
  return { desired, remove, readySeconds, drainSeconds };
}

function scale(
  subject: ScalingSubject,
  desired: number,
  options: { readonly remove?: readonly string[]; readonly signal?: AbortSignal; readonly engine?: ScalingEngine } = {},
): Promise<Outcome<ScaleResult>> {
  const { engine = subject.engine, remove = [], signal = calm } = options;
  return engine.scale(request(subject, desired, remove), { signal, operation: 'conformance', note: () => undefined });
}

async function fleetOf({ engine }: Pick<ScalingSubject, 'engine'>): Promise<Fleet> {
  return valueOf(await engine.fleet(calm));
}

const namesOf = ({ instances }: Fleet, state?: string): readonly string[] =>
  instances
    .filter((one) => state === undefined || one.state === state)
    .map(({ name }) => name)
    .sort();

function expectShape({ instances, wanted }: Fleet): void {
  expect(new Set(instances.map(({ name }) => name)).size).toBe(instances.length);
  if (wanted !== null) expect(wanted).toBeGreaterThanOrEqual(0);
  for (const one of instances) {
    expect(instanceStates).toContain(one.state);
    expect(one.name).not.toBe('');
    if (one.startedAt !== null) expect(new Date(one.startedAt).toISOString()).toBe(one.startedAt);
    if (one.address !== null) expect(one.address).toMatch(/^\S+:\d{1,5}$/);
    if (one.load !== null) expect(Number.isFinite(one.load)).toBe(true);
  }
}

async function expectReady(subject: ScalingSubject, count: number): Promise<Fleet> {
  const fleet = await fleetOf(subject);
  expectShape(fleet);
  expect(namesOf(fleet, 'ready')).toHaveLength(count);
  expect(fleet.instances).toHaveLength(count);
  if (subject.count !== undefined) expect(await subject.count()).toBe(count);
  return fleet;
}

/** Every scaling engine passes this on a real product: the promises of port.ts. Tests run in order on one product. */
export function scalingConformance(name: string, make: () => Promise<ScalingSubject>): void {
  describe(`${name} keeps the promises of the scaling port`, () => {
    let subject: ScalingSubject | null = null;
    const current = (): ScalingSubject => {
      if (subject === null) throw new Error('the product did not start');
      return subject;
    };
    beforeAll(async () => {
      subject = await make();
      valueOf(await scale(subject, 1));
    }, actionMs);
    afterAll(async () => {
      await subject?.engine.close();
      await subject?.dispose();
    }, actionMs);

    describe('without an effect', () => harmlessPromises(current));
    describe('out and in', () => movePromises(current));
    describe('when it goes wrong', () => brokenPromises(current));
  });
}

function harmlessPromises(current: Current): void {
  it('only looks, and says the same twice', async () => {
    const before = await expectReady(current(), 1);

    expect(namesOf(await fleetOf(current()))).toEqual(namesOf(before));
  });

  it('says what it would do, and does nothing', async () => {
    const subject = current();
    const before = await expectReady(subject, 1);

    for (const desired of [1, 3]) {
      const said = valueOf(await subject.engine.dryRun(request(subject, desired), calm));
      expect(said.length).toBeGreaterThan(0);
      for (const sentence of said) expect(sentence).toMatch(/\S+ \S+/);
    }

    expect(namesOf(await expectReady(subject, 1))).toEqual(namesOf(before));
  });

  it('does nothing for the number that is there', async () => {
    const subject = current();
    const before = await expectReady(subject, 1);

    const done = valueOf(await scale(subject, 1));

    expect(done).toMatchObject({ added: [], removed: [] });
    expect(namesOf(done.fleet)).toEqual(namesOf(before));
    expect(namesOf(await expectReady(subject, 1))).toEqual(namesOf(before));
  });

  it('does nothing when it is cancelled before it begins', async () => {
    const subject = current();

    expect(codeOf(await scale(subject, 3, { signal: AbortSignal.abort() }))).toBe('cancelled');

    await expectReady(subject, 1);
  });

  it('warns in sentences', async () => {
    for (const warning of await current().engine.warnings(calm)) expect(warning).toMatch(/\S+ \S+/);
  });
}

function movePromises(current: Current): void {
  it(
    'adds instances, each ready when it says so, and again nothing',
    async () => {
      const subject = current();
      const before = namesOf(await expectReady(subject, 1));

      const done = valueOf(await scale(subject, 3));

      const after = await expectReady(subject, 3);
      expectShape(done.fleet);
      expect(namesOf(done.fleet, 'ready')).toEqual(namesOf(after));
      expect(done.removed).toEqual([]);
      expect([...before, ...done.added].sort()).toEqual(namesOf(after));
      expect(valueOf(await scale(subject, 3))).toMatchObject({ added: [], removed: [] });
      expect(namesOf(await expectReady(subject, 3))).toEqual(namesOf(after));
    },
    actionMs,
  );

  it(
    'never says that one is ready before it was asked to be there',
    async () => {
      const subject = current();
      valueOf(await scale(subject, 1));
      let ended = false;
      const scaling = scale(subject, 2).finally(() => (ended = true));
      while (!ended) {
        const seen = await subject.engine.fleet(calm);
        if (seen.ok) expect(namesOf(seen.value, 'ready').length).toBeLessThanOrEqual(2);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      expect(namesOf(valueOf(await scaling).fleet, 'ready')).toHaveLength(2);
    },
    actionMs,
  );

  it(
    'ends those that are named, and each is gone when it says so',
    async () => {
      const subject = current();
      valueOf(await scale(subject, 3));
      const before = await expectReady(subject, 3);
      const [victim = ''] = namesOf(before);

      const done = valueOf(await scale(subject, 2, { remove: [victim] }));

      const after = namesOf(await expectReady(subject, 2));
      expect(done).toMatchObject({ added: [] });
      expect(done.removed).toEqual(namesOf(before).filter((one) => !after.includes(one)));
      if (subject.engine.choosesRemoved) expect(done.removed).toEqual([victim]);
    },
    actionMs,
  );

  it(
    'ends no more than the number says, whatever is named',
    async () => {
      const subject = current();
      valueOf(await scale(subject, 2));
      const names = namesOf(await expectReady(subject, 2));

      const done = valueOf(await scale(subject, 1, { remove: [...names, 'nobody'] }));

      expect(done.removed).toHaveLength(1);
      await expectReady(subject, 1);
    },
    actionMs,
  );

  it(
    'goes on after a crash in the middle, and ends with the right number',
    async () => {
      const subject = current();
      const stop = new AbortController();
      const first = scale(subject, 3, { signal: stop.signal });
      setTimeout(() => stop.abort(), 100);
      expect(['cancelled', 'ok']).toContain(codeOf(await first));
      const engine = (await subject.reopen?.()) ?? subject.engine;

      const done = valueOf(await scale(subject, 3, { engine }));

      expect(namesOf(done.fleet, 'ready')).toHaveLength(3);
      await expectReady(subject, 3);
      expect(valueOf(await scale(subject, 3, { engine }))).toMatchObject({ added: [], removed: [] });
      if (engine !== subject.engine) await engine.close();
    },
    actionMs,
  );

  it(
    'leaves nothing unaccounted for when it is cancelled while instances end',
    async () => {
      const subject = current();
      valueOf(await scale(subject, 3));
      const stop = new AbortController();
      const first = scale(subject, 1, { signal: stop.signal });
      setTimeout(() => stop.abort(), 100);
      expect(['cancelled', 'ok']).toContain(codeOf(await first));

      valueOf(await scale(subject, 1));

      await expectReady(subject, 1);
    },
    actionMs,
  );

  it(
    'says that somebody else changed the number, or does what each asked for',
    async () => {
      const subject = current();
      valueOf(await scale(subject, 1));

      const both = await Promise.all([scale(subject, 2), scale(subject, 3)]);

      for (const outcome of both) expect(['ok', 'scaling_conflict']).toContain(codeOf(outcome));
      valueOf(await scale(subject, 2));
      await expectReady(subject, 2);
    },
    actionMs,
  );
}

function brokenPromises(current: Current): void {
  it(
    'names what does not get ready, never counts it as ready, and takes it back',
    async () => {
      const subject = current();
      const { hopelessSeconds = 3 } = subject;
      valueOf(await scale(subject, 1));
      const before = namesOf(await expectReady(subject, 1));
      await subject.breakReady();

      const begun = performance.now();
      const outcome = await subject.engine.scale(
        { ...request(subject, 2), readySeconds: hopelessSeconds },
        { signal: calm, operation: 'conformance', note: () => undefined },
      );
      const took = (performance.now() - begun) / 1000;

      expect(codeOf(outcome)).toBe('instance_not_ready');
      const added = outcome.ok ? [] : (outcome.error.details?.['added'] as readonly string[]);
      expect(added).toHaveLength(1);
      expect(before).not.toContain(added[0]);
      expect(took).toBeLessThan(hopelessSeconds + 20);
      expect(namesOf(await fleetOf(subject), 'ready')).toEqual(before);

      valueOf(await scale(subject, 1, { remove: added }));
      expect(namesOf(await expectReady(subject, 1))).toEqual(before);
    },
    actionMs,
  );
}
