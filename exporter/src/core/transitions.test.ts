import fc from 'fast-check';
import {
  afterCrash,
  keptAfterCrash,
  nextPhase,
  phases,
  phasesOf,
  transitionDiagram,
  transitionKinds,
  transitionsReference,
  wayBack,
  type NodeSight,
  type Phase,
  type Seen,
  type Transition,
} from './transitions.ts';

const failover: Transition = { kind: 'failover', managed: false, balancer: true };
const switchover: Transition = { kind: 'switchover', managed: false, balancer: true };
const seenWith = (fields: Partial<Seen> = {}): Seen => ({
  from: 'down',
  to: 'follows',
  thirdWrites: false,
  begun: [],
  ...fields,
});
const upTo = (t: Transition, phase: Phase): readonly Phase[] => phasesOf(t).slice(0, phasesOf(t).indexOf(phase) + 1);

describe('the phases', () => {
  it('fence before they promote, and open the load balancer before they care for the other standbys', () => {
    expect(phasesOf(failover)).toEqual(['check', 'cut_off', 'fence', 'promote', 'admit', 'repoint', 'verify']);
    expect(phasesOf(switchover)).toEqual([
      'check',
      'drain',
      'demote',
      'catch_up',
      'promote',
      'admit',
      'repoint',
      'rejoin',
      'verify',
    ]);
  });

  it('leave the load balancer out where there is none, and the rest to the product that holds the lock', () => {
    expect(phasesOf({ ...failover, balancer: false })).toEqual(['check', 'fence', 'promote', 'repoint', 'verify']);
    expect(phasesOf({ ...failover, managed: true })).toEqual(['check', 'hand_over', 'verify']);
    expect(phasesOf({ kind: 'fence', managed: false, balancer: true })).toEqual([
      'check',
      'cut_off',
      'fence',
      'verify',
    ]);
    expect(phasesOf({ kind: 'rejoin', managed: false, balancer: true })).toEqual([
      'check',
      'rejoin',
      'admit',
      'verify',
    ]);
  });

  it('are made one after the other', () => {
    expect(nextPhase(failover, [])).toBe('check');
    expect(nextPhase(failover, ['check', 'cut_off'])).toBe('fence');
    expect(nextPhase(failover, phasesOf(failover))).toBeNull();
  });

  it('are all printed into the reference', () => {
    for (const phase of phases) expect(transitionsReference()).toContain(`\`${phase}\``);
    expect(transitionDiagram()).toMatch(/^flowchart LR\n/);
    expect(transitionDiagram()).toContain('failover_fence --> failover_promote');
  });
});

describe('after a crash', () => {
  it('a failover is made again from its first phase: a proof does not outlive the process that had it', () => {
    const seen = seenWith({ begun: upTo(failover, 'fence') });

    expect(afterCrash(failover, upTo(failover, 'fence'), seen)).toBe('continue');
    expect(keptAfterCrash(failover, upTo(failover, 'fence'), seen)).toEqual([]);
  });

  it('a promotion that took effect and is not in the journal counts as done', () => {
    const seen = seenWith({ to: 'writes', begun: upTo(failover, 'promote') });

    expect(afterCrash(failover, upTo(failover, 'fence'), seen)).toBe('continue');
    expect(keptAfterCrash(failover, upTo(failover, 'fence'), seen)).toEqual(upTo(failover, 'promote'));
  });

  it('an old primary that writes is left alone, and its clients are let in again', () => {
    const seen = seenWith({ from: 'writes', begun: upTo(failover, 'fence') });

    expect(afterCrash(failover, ['check', 'cut_off'], seen)).toBe('roll_back');
    expect(wayBack(failover, seen)).toEqual(['cut_off']);
  });

  it('clients of an old primary that cannot be seen are let in again while the candidate follows, and those of one that is down are not', () => {
    const begun = upTo(failover, 'fence');

    expect(wayBack(failover, seenWith({ from: 'unknown', begun }))).toEqual(['cut_off']);
    expect(wayBack(failover, seenWith({ from: 'unknown', to: 'unknown', begun }))).toEqual([]);
    expect(wayBack(failover, seenWith({ from: 'down', begun }))).toEqual([]);
    expect(wayBack(failover, seenWith({ from: 'unknown', begun: upTo(failover, 'promote') }))).toEqual([]);
  });

  it('a planned move goes on when the old primary is stopped and the candidate follows, else the old one is started', () => {
    const begun = upTo(switchover, 'demote');

    expect(afterCrash(switchover, begun, seenWith({ begun }))).toBe('continue');
    const alone = seenWith({ begun, to: 'unknown' });
    expect(afterCrash(switchover, begun, alone)).toBe('roll_back');
    expect(wayBack(switchover, alone)).toEqual(['demote', 'drain']);
  });

  it('a planned move that had stopped nothing is given up', () => {
    const seen = seenWith({ from: 'writes', begun: ['check', 'drain'] });

    expect(afterCrash(switchover, ['check'], seen)).toBe('roll_back');
    expect(wayBack(switchover, seen)).toEqual(['drain']);
  });

  it('a promotion that was begun is never undone: it may still take effect', () => {
    const seen = seenWith({ to: 'unknown', begun: upTo(switchover, 'promote') });

    expect(afterCrash(switchover, upTo(switchover, 'catch_up'), seen)).toBe('continue');
    expect(wayBack(switchover, seen)).toEqual([]);
  });

  it('nothing is promoted beside a third writer, and nothing is ended as done beside two', () => {
    expect(afterCrash(failover, [], seenWith({ thirdWrites: true }))).toBe('roll_back');
    const two = seenWith({ from: 'writes', to: 'writes', begun: phasesOf(failover) });
    expect(afterCrash(failover, phasesOf(failover), two)).toBe('roll_back');
    expect(wayBack(failover, two)).toEqual([]);
  });

  it('a fence goes on, a node that writes is never rewound, and the product is asked again', () => {
    const fence: Transition = { kind: 'fence', managed: false, balancer: false };
    const rejoin: Transition = { kind: 'rejoin', managed: false, balancer: false };
    const managed: Transition = { ...switchover, managed: true };

    expect(afterCrash(fence, ['check'], seenWith({ from: 'writes' }))).toBe('continue');
    expect(afterCrash(fence, phasesOf(fence), seenWith())).toBe('finished');
    expect(afterCrash(rejoin, [], seenWith({ from: 'writes' }))).toBe('roll_back');
    expect(afterCrash(managed, ['check'], seenWith({ begun: ['check', 'hand_over'], from: 'writes' }))).toBe(
      'continue',
    );
    expect(afterCrash(managed, [], seenWith({ begun: ['check'], from: 'writes' }))).toBe('roll_back');
  });
});

/**
 * A model of two nodes: what each phase does to them, with crashes anywhere, effects that took place and are not in the journal, answers
 * that do not come, and an old primary that comes back by itself as long as nobody has stopped it for good.
 */
interface Pair {
  from: 'writes' | 'away' | 'stopped' | 'follows';
  to: 'follows' | 'writes' | 'away' | 'writes_unseen';
}

const seeFrom = ({ from }: Pair, isSeen: boolean): NodeSight =>
  from === 'away' || !isSeen ? 'unknown' : from === 'stopped' ? 'down' : from;
const seeTo = ({ to }: Pair, isSeen: boolean): NodeSight =>
  to === 'away' || to === 'writes_unseen' || !isSeen ? 'unknown' : to;

/** False: the phase ends with an error; the state is what it is by then. */
function make(pair: Pair, phase: Phase, isReached: boolean): boolean {
  switch (phase) {
    case 'fence':
    case 'demote':
      if (!isReached) return false;
      if (pair.from !== 'follows') pair.from = 'stopped';
      return true;
    case 'catch_up':
      return pair.to === 'follows' && isReached;
    case 'promote':
      if (pair.to === 'away') return false;
      pair.to = pair.to === 'follows' ? (isReached ? 'writes' : 'writes_unseen') : pair.to;
      return pair.to === 'writes' && isReached;
    case 'rejoin':
      if (isReached && pair.from === 'stopped' && pair.to === 'writes') pair.from = 'follows';
      return true;
    case 'verify':
      return pair.to === 'writes' && pair.from !== 'writes';
    default:
      return true;
  }
}

interface Life {
  /** Phases until it dies or a phase fails. */
  readonly phases: number;
  /** The last phase has its effect before it dies. */
  readonly dieAfterEffect: boolean;
  readonly reached: readonly boolean[];
  /** What comes back by itself before the next life. */
  readonly fromReturns: boolean;
  readonly toReturns: boolean;
  readonly fromSeen: boolean;
  readonly toSeen: boolean;
}

const lifeOf: fc.Arbitrary<Life> = fc.record({
  phases: fc.integer({ min: 0, max: 9 }),
  dieAfterEffect: fc.boolean(),
  reached: fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }),
  fromReturns: fc.boolean(),
  toReturns: fc.boolean(),
  fromSeen: fc.boolean(),
  toSeen: fc.boolean(),
});

const writersIn = ({ from, to }: Pair): number =>
  Number(from === 'writes') + Number(to === 'writes' || to === 'writes_unseen');

function live(t: Transition, pair: Pair, journal: { begun: Phase[]; done: Phase[] }, life: Life): void {
  for (let at = 0; at < life.phases; at += 1) {
    const phase = nextPhase(t, journal.done);
    if (phase === null) return;
    if (!journal.begun.includes(phase)) journal.begun.push(phase);
    const isLast = at === life.phases - 1;
    if (isLast && !life.dieAfterEffect) return;
    const isMade = make(pair, phase, life.reached[at] ?? true);
    if (writersIn(pair) > 1) throw new Error(`two writers after ${phase}`);
    if (!isMade || isLast) return;
    journal.done.push(phase);
  }
}

function rollBack(t: Transition, pair: Pair, seen: Seen): void {
  for (const phase of wayBack(t, seen)) if (phase === 'demote' && pair.from === 'stopped') pair.from = 'writes';
}

describe('from any prefix, with crashes anywhere', () => {
  it.each(['failover', 'switchover'] as const)('a %s ends with one writer or none, never with two', (kind) => {
    const t: Transition = { kind, managed: false, balancer: true };
    fc.assert(
      fc.property(fc.array(lifeOf, { minLength: 1, maxLength: 8 }), fc.boolean(), (lives, isAway) => {
        const pair: Pair = { from: kind === 'failover' && isAway ? 'away' : 'writes', to: 'follows' };
        const journal = { begun: [] as Phase[], done: [] as Phase[] };
        for (const life of lives) {
          live(t, pair, journal, life);
          if (life.fromReturns && pair.from === 'away') pair.from = 'writes';
          if (life.toReturns && (pair.to === 'away' || pair.to === 'writes_unseen'))
            pair.to = pair.to === 'away' ? 'follows' : 'writes';
          if (writersIn(pair) > 1) throw new Error('two writers');
          const seen: Seen = {
            from: seeFrom(pair, life.fromSeen),
            to: seeTo(pair, life.toSeen),
            thirdWrites: false,
            begun: journal.begun,
          };
          const verdict = afterCrash(t, journal.done, seen);
          if (verdict === 'roll_back') {
            rollBack(t, pair, seen);
            if (writersIn(pair) > 1) throw new Error('two writers by the roll back');
            return;
          }
          if (verdict === 'finished') {
            if (pair.to === 'follows' || pair.to === 'away') throw new Error('finished without a writer');
            return;
          }
          journal.done = [...keptAfterCrash(t, journal.done, seen)];
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('a phase is never made that is not of the transition, and every one is reached', () => {
    fc.assert(
      fc.property(
        fc.record({
          kind: fc.constantFrom(...transitionKinds),
          managed: fc.boolean(),
          balancer: fc.boolean(),
        }),
        (t) => {
          const done: Phase[] = [];
          for (let phase = nextPhase(t, done); phase !== null; phase = nextPhase(t, done)) done.push(phase);

          expect(done).toEqual(phasesOf(t));
          expect(done.at(-1)).toBe('verify');
          expect(done[0]).toBe('check');
        },
      ),
    );
  });
});
