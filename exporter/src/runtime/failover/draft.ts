import type { PredictedLoss } from '../../contract/failover.ts';
import { phasesOf } from '../../core/transitions.ts';
import type { PlanDraft } from '../handler.ts';
import type { Aim, TakeoverAsk } from './aim.ts';
import type { Takeover } from './move.ts';
import { phaseWords } from './takeover.ts';

/** The plan of a takeover as people see it before they confirm it. */

export function draftOf({ look, move, standing, blockers }: Aim, request: TakeoverAsk): PlanDraft {
  const { view, facts } = look;
  const { from, to, transition, loss } = move;
  return {
    steps: phasesOf(transition).map((phase) => phaseWords[phase]),
    blockers,
    warnings: [
      ...facts.warnings,
      ...(facts.pause === null ? [] : [`automation is paused until ${facts.pause.until} by ${facts.pause.by}`]),
      ...(move.force
        ? ['forced: without proof that the old primary is down, two nodes may take writes and data is lost']
        : []),
      ...(standing?.reasons ?? []),
    ],
    facts: { from: from?.name ?? null, candidate: to?.name ?? null, engine: facts.engine, force: move.force },
    shown: {
      predictedLossBytes: loss?.bytes ?? null,
      predictedLossSeconds: loss?.seconds ?? null,
      predictedLoss: loss?.detail ?? null,
      fence: fenceInWords(move),
      balancer: move.watched.balancer === null ? null : move.watched.config.haproxy?.backend,
      nodes: view.nodes.map(({ name, probe, lagBytes }) => ({
        name,
        role: probe?.role ?? null,
        writable: probe?.writable ?? null,
        lagBytes,
      })),
    },
    consequences: {
      stops: stopsOf(request, move),
      bytes: null,
      atStake: atStakeOf(request, loss, move),
      wayBack: wayBackOf(request, move),
      isLike: (params) => params['kind'] === request.kind,
    },
  };
}

function fenceInWords({ from, watched, transition }: Takeover): string | null {
  if (from === null || transition.kind === 'rejoin' || transition.kind === 'switchover') return null;
  if (watched.engine.managed) return 'the product’s own lock';
  if (from.data !== null) return 'its processes on this machine are stopped and looked for';
  if (from.commands.stop !== null)
    return from.commands.confirmDown === null
      ? 'its stop command; nothing confirms it, so it will not be taken for proven'
      : 'its stop command, and its confirmation';
  if (from.webhook !== null) return 'its webhook, and its confirmation';
  return 'none is configured: only proof that it is down lets anybody take over';
}

function stopsOf(request: TakeoverAsk, { from }: Takeover): string[] {
  if (request.kind === 'rejoin') return [];
  if (request.kind === 'fence') return [`${request.node} serves nobody until it is brought back`];
  return [
    `writes, from when ${from?.name ?? 'the primary'} is out until the new primary takes them; open connections end`,
  ];
}

function atStakeOf(request: TakeoverAsk, loss: PredictedLoss | null, { from }: Takeover): string[] {
  if (request.kind === 'switchover' || request.kind === 'fence') return [];
  if (request.kind === 'rejoin') return [`what ${request.node} has and the primary has not is thrown away`];
  if (loss === null || loss.bytes === null) return ['how much of the newest writes would be lost is not known'];
  return loss.bytes === 0 ? [] : [`${loss.detail} of ${from?.name ?? 'the primary'}`];
}

function wayBackOf(request: TakeoverAsk, { from, to }: Takeover): string {
  switch (request.kind) {
    case 'switchover':
      return `a switchover back to ${from?.name ?? 'the old primary'}`;
    case 'failover':
      return `rejoin of ${from?.name ?? 'the old primary'}, then a switchover back to it`;
    case 'fence':
      return `rejoin of ${request.node}`;
    case 'rejoin':
      return `fence of ${request.node}; its earlier data is kept until it follows ${to?.name ?? 'the primary'}`;
  }
}
