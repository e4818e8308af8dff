/** How the primary moves: one table of phases, and what a restart in the middle of them does. Pure. */

export const transitionKinds = ['failover', 'switchover', 'fence', 'rejoin'] as const;
export interface Transition {
  readonly kind: (typeof transitionKinds)[number];
  /** A product holds the lock and moves the primary itself. */
  readonly managed: boolean;
  /** A load balancer stands in front. */
  readonly balancer: boolean;
}

export const phases = [
  'check',
  'drain',
  'cut_off',
  'fence',
  'demote',
  'catch_up',
  'promote',
  'hand_over',
  'repoint',
  'admit',
  'rejoin',
  'verify',
] as const;
export type Phase = (typeof phases)[number];

interface Row {
  readonly phase: Phase;
  readonly why: string;
  /** What brings back the state before it, as long as no promotion was begun; null: there is nothing, or no way. */
  readonly undo: string | null;
}

const row = (phase: Phase, why: string, undo: string | null = null): Row => ({ phase, why, undo });

const check = row('check', 'every node is looked at: is it still right?');
const cutOff = row('cut_off', 'no client reaches the old primary through the load balancer', 'let clients in again');
const fence = row('fence', 'the old primary is proven not to write: before the promotion, never after it');
const admit = row('admit', 'clients are let in to it: the service is back');
const repoint = row('repoint', 'the other standbys follow it');
const verify = row('verify', 'every node is looked at again: exactly one writes');

/** Phases in their order; those of a load balancer are left out where there is none. */
const table = {
  failover: [
    check,
    cutOff,
    fence,
    row('promote', 'the candidate takes writes: no way back from here'),
    admit,
    repoint,
    verify,
  ],
  switchover: [
    check,
    row('drain', 'no new client reaches the old primary', 'let clients in again'),
    row('demote', 'it stops writing, in order', 'start it again as the primary that it was'),
    row('catch_up', 'the candidate has received all that it wrote'),
    row('promote', 'the candidate takes writes: no way back from here'),
    admit,
    repoint,
    row('rejoin', 'the old primary follows it'),
    verify,
  ],
  fence: [check, cutOff, row('fence', 'the node is proven not to write'), row('verify', 'it takes no writes')],
  rejoin: [
    check,
    row('rejoin', 'the node follows the primary: rewound, or cloned anew'),
    row('admit', 'where all serve, clients are let in to it'),
    row('verify', 'it answers as a standby'),
  ],
  managed: [
    check,
    row('hand_over', 'the product moves its lock: whether it has is asked of the product'),
    row('verify', 'every node is looked at again: exactly one writes'),
  ],
} as const satisfies Record<string, readonly Row[]>;

const balancerPhases: readonly Phase[] = ['drain', 'cut_off', 'admit'];

function rowsOf({ kind, managed, balancer }: Transition): readonly Row[] {
  const rows: readonly Row[] = managed && (kind === 'failover' || kind === 'switchover') ? table.managed : table[kind];
  return balancer ? rows : rows.filter(({ phase }) => !balancerPhases.includes(phase));
}

export function phasesOf(t: Transition): readonly Phase[] {
  return rowsOf(t).map(({ phase }) => phase);
}

/** The first phase that is not done; null: all are. */
export function nextPhase(t: Transition, done: readonly Phase[]): Phase | null {
  return phasesOf(t).find((phase) => !done.includes(phase)) ?? null;
}

/**
 * What a node is seen as. `writes`: it answers and takes writes. `follows`: it answers as a standby. `down`: proven not to be able to
 * write; no answer alone is `unknown`, and so is a node that is not known.
 */
export type NodeSight = 'writes' | 'follows' | 'down' | 'unknown';

/** All that counts when it goes on after a crash, or after a phase that failed. */
export interface Seen {
  /** The old primary; of a fence or a rejoin the node itself. */
  readonly from: NodeSight;
  /** The candidate; of a rejoin the primary that is followed. */
  readonly to: NodeSight;
  /** Another node than these two takes writes. */
  readonly thirdWrites: boolean;
  /** Phases that the journal shows as begun, whatever became of them; phases that are done are among them. */
  readonly begun: readonly Phase[];
}

const mover = (t: Transition): Phase => (t.managed ? 'hand_over' : 'promote');

/**
 * Phases that need not be made again after a crash. A proof does not outlive the process that had it: the old primary may have been
 * started since. So as long as the candidate has not become the primary, all phases before that are made again; each looks first.
 */
export function keptAfterCrash(t: Transition, done: readonly Phase[], seen: Seen): readonly Phase[] {
  if (t.kind === 'fence' || t.kind === 'rejoin') return [];
  const all = phasesOf(t);
  const moved = done.includes(mover(t)) || (seen.to === 'writes' && seen.begun.includes(mover(t)));
  if (!moved) return [];
  const upToMove = all.slice(0, all.indexOf(mover(t)) + 1);
  return all.filter((phase) => upToMove.includes(phase) || done.includes(phase));
}

/**
 * What a restart, or a failed phase, comes to. `continue`: with the next phase after `keptAfterCrash`, and with the same candidate: a
 * promotion that was begun may still take effect, so no other node is ever promoted in its place. `roll_back`: nothing is promoted any
 * more, and what can be undone is (see `wayBack`). `finished`: all is done.
 */
export function afterCrash(t: Transition, done: readonly Phase[], seen: Seen): 'continue' | 'roll_back' | 'finished' {
  const isDone = nextPhase(t, done) === null;
  if (t.kind === 'fence') return isDone && seen.from !== 'writes' ? 'finished' : 'continue';
  // One that takes writes must not be rewound: whatever it has acknowledged would be gone.
  if (t.kind === 'rejoin') return seen.from === 'writes' ? 'roll_back' : isDone ? 'finished' : 'continue';
  if (seen.thirdWrites) return 'roll_back';
  if (seen.to === 'writes') return seen.from === 'writes' ? 'roll_back' : isDone ? 'finished' : 'continue';
  const begun = seen.begun.includes(mover(t)) || done.includes(mover(t));
  // The product holds the lock: to ask it again is safe, and it knows whether it has moved it.
  if (t.managed) return begun ? 'continue' : 'roll_back';
  if (seen.from === 'writes') return 'roll_back';
  if (begun) return 'continue';
  if (t.kind === 'failover') return 'continue';
  if (!seen.begun.includes('demote')) return 'roll_back';
  return seen.to === 'follows' ? 'continue' : 'roll_back';
}

/**
 * What is undone by a roll back, in this order; `demote` stands for starting the old primary again. Empty once a promotion was begun or
 * somebody else writes: the candidate may be a writer that cannot be seen, and a second one must not be made.
 */
export function wayBack(t: Transition, seen: Seen): readonly Phase[] {
  const { begun, to, from, thirdWrites } = seen;
  if (begun.includes(mover(t))) return [];
  if (thirdWrites || to === 'writes') return [];
  const undone = rowsOf(t).filter(({ phase, undo }) => undo !== null && begun.includes(phase));
  const order = undone.map(({ phase }) => phase).reverse();
  // A failover undoes nothing for a primary that is down: the way to it stays closed until it writes. One that cannot be seen may serve
  // others, and while the candidate follows nobody else writes: its clients keep the way that they had.
  if (t.kind === 'failover') return from === 'writes' || (from === 'unknown' && to === 'follows') ? order : [];
  if (t.kind === 'fence') return from === 'writes' ? order : [];
  return order;
}

function flow(name: string, rows: readonly Row[]): readonly string[] {
  const id = (phase: string): string => `${name}_${phase}`;
  const move = rows.findIndex(({ phase }) => phase === 'promote' || phase === 'hand_over');
  const isMove = move !== -1;
  return [
    `  subgraph ${name}`,
    '    direction TB',
    ...rows.map(({ phase, why }) => `    ${id(phase)}["<b>${phase}</b><br/>${why}"]`),
    ...rows.slice(1).map(({ phase }, index) => `    ${id(rows[index]?.phase ?? '')} --> ${id(phase)}`),
    ...rows.flatMap(({ phase, undo }, index) =>
      undo === null || index > move ? [] : [`    ${id(phase)} -. "fails: ${undo}" .-> ${id('back')}`],
    ),
    ...(rows.some(({ undo }, index) => undo !== null && index < move) ? [`    ${id('back')}(["rolled back"])`] : []),
    ...(isMove ? [`    style ${id(rows[move]?.phase ?? '')} stroke-width:4px`] : []),
    '  end',
  ];
}

/** The table as a mermaid flowchart. The phase with the thick border is the point of no return. */
export function transitionDiagram(): string {
  return ['flowchart LR', ...Object.entries(table).flatMap(([name, rows]) => flow(name, rows))].join('\n');
}

/** docs/reference/failover-transitions.md, printed from the table. */
export function transitionsReference(): string {
  const lines = Object.entries(table).flatMap(([name, rows]) =>
    (rows as readonly Row[]).map(
      ({ phase, why, undo }) =>
        `| ${name} | \`${phase}\` | ${why} | ${balancerPhases.includes(phase) ? 'load balancer' : ''} | ${undo ?? ''} |`,
    ),
  );
  return [
    '# How the primary moves',
    '',
    '<!-- Printed from exporter/src/core/transitions.ts by `npm run generate`; do not edit. -->',
    '',
    'Every failover, switchover, fence and rejoin is one operation of the journal; its steps are these phases. `managed` is a failover or a',
    'switchover of a product that holds the lock itself (Patroni). Each phase looks at what is there first, so that it can be made again.',
    '',
    '| transition | phase | what it is for | only with a | way back |',
    '|---|---|---|---|---|',
    ...lines,
    '',
    '```mermaid',
    transitionDiagram(),
    '```',
    '',
    '## After a crash',
    '',
    'The next start looks at every node, and then:',
    '',
    '- a third node takes writes, or the old and the new primary both do: nothing is promoted; people are called;',
    '- the candidate takes writes and the old primary does not: the rest is finished;',
    '- the old primary takes writes: it stays, and what was closed is opened again;',
    '- a promotion was begun and nobody is seen to write: it goes on with the same candidate and with no other, because the promotion may',
    '  still take effect;',
    '- a planned move had stopped the old primary and the candidate follows: it goes on; where the candidate does not answer, the old primary,',
    '  which has everything, is started again;',
    '- no promotion was begun: a failover is made again from its first phase, proof included, because a proof does not outlive the process',
    '  that had it; a planned move is given up.',
    '',
  ].join('\n');
}
