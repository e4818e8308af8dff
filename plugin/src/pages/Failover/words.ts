import type { BreakerState, FailoverDecision, FailoverMode, FenceProof } from '@genesis-dr/exporter/contract';
import { t } from '../../text.ts';
import type { Tone } from '../../components/StatusBadge.tsx';
import type { Answer, NodeVerdict } from '../../lib/failover-view.ts';

export const answerTones: Record<Answer, Tone> = { yes: 'good', no: 'bad', unknown: 'unknown' };

export function answerWord(answer: Answer): string {
  if (answer === 'yes') return t('failover.would', 'Would succeed');
  if (answer === 'no') return t('failover.would-not', 'Would not succeed');
  return t('failover.unknown', 'Not known');
}

/** A node in a badge. */
export function nodeWord(verdict: NodeVerdict): { readonly tone: Tone; readonly text: string } {
  switch (verdict) {
    case 'second_writer':
      return { tone: 'bad', text: t('node.second-writer', 'A second writer') };
    case 'fence_unproven':
      return { tone: 'bad', text: t('node.fence-unproven', 'Fence not proven') };
    case 'fenced':
      return { tone: 'attention', text: t('node.fenced', 'Fenced: out until it rejoins') };
    case 'silent':
      return { tone: 'bad', text: t('node.silent', 'Silent') };
    case 'refused':
      return { tone: 'bad', text: t('node.refused', 'Nobody listens') };
    case 'failed':
      return { tone: 'bad', text: t('node.failed', 'Answers with an error') };
    case 'primary':
      return { tone: 'good', text: t('node.primary', 'Primary') };
    case 'standby':
      return { tone: 'neutral', text: t('node.standby', 'Standby') };
    case 'serves':
      return { tone: 'good', text: t('node.serves', 'Serves') };
    default:
      return { tone: 'unknown', text: t('time.unknown', 'not known') };
  }
}

/** What a reader must not conclude from it. */
export function nodeHint(verdict: NodeVerdict): string | null {
  if (verdict === 'silent')
    return t('node.silent-hint', 'Down, frozen or cut off: nobody can tell which from here. It may still take writes.');
  if (verdict === 'refused')
    return t('node.refused-hint', 'Nobody takes new connections; ones that are open may still end a write.');
  if (verdict === 'fence_unproven')
    return t('node.unproven-hint', 'It was told to stop, and nothing proves that it has. It may still take writes.');
  return null;
}

export function modeWord(mode: FailoverMode): string {
  if (mode === 'auto') return t('failover.mode-auto', 'Automatic');
  if (mode === 'manual') return t('failover.mode-manual', 'Manual: pages and waits for a person');
  return t('failover.mode-observe', 'Observe: only says what it would do');
}

export function strategyWord(strategy: string): string {
  switch (strategy) {
    case 'active_passive':
      return t('failover.active-passive', 'One writer; a standby is promoted');
    case 'active_active':
      return t('failover.active-active', 'All serve; a failed one is taken out');
    case 'multi_master':
      return t('failover.multi-master', 'All take writes; a failed one is taken out');
    default:
      return strategy;
  }
}

type Named = Pick<FailoverDecision, 'action' | 'node' | 'candidate' | 'act'>;

/** What is decided now, in a sentence without its reasons. */
export function decisionWord({ action, node, candidate, act }: Named): string {
  const names = { node: node ?? '?', candidate: candidate ?? '?' };
  switch (action) {
    case 'none':
      return t('decision.none', 'Nothing is to be done');
    case 'failover':
      return act
        ? t('decision.failover', 'Fails over from {{node}} to {{candidate}}', names)
        : t('decision.would-failover', 'Would fail over now, from {{node}} to {{candidate}}', names);
    case 'fence':
      return act
        ? t('decision.fence', 'Fences {{node}}', names)
        : t('decision.would-fence', 'Would fence {{node}} now', names);
    case 'drop':
      return act
        ? t('decision.drop', 'Takes {{node}} out', names)
        : t('decision.would-drop', 'Would take {{node}} out now', names);
    case 'readmit':
      return act
        ? t('decision.readmit', 'Takes {{node}} in again', names)
        : t('decision.would-readmit', 'Would take {{node}} in again now', names);
    default:
      return t('decision.hold', 'Holds: something is wrong and nothing is done without a person');
  }
}

export function decisionTone({ action, act, page }: Pick<FailoverDecision, 'action' | 'act' | 'page'>): Tone {
  if (action === 'none') return page ? 'attention' : 'good';
  if (action === 'hold') return 'bad';
  return act ? 'running' : 'attention';
}

export function breakerWord(state: BreakerState): { readonly tone: Tone; readonly text: string } {
  switch (state) {
    case 'closed':
      return { tone: 'good', text: t('breaker.closed', 'Closed: calls go through') };
    case 'open':
      return { tone: 'bad', text: t('breaker.open', 'Open: calls are held back') };
    default:
      return { tone: 'attention', text: t('breaker.half-open', 'Half open: a few calls try it') };
  }
}

export function proofWord(method: FenceProof['method']): string {
  switch (method) {
    case 'process':
      return t('proof.process', 'its processes on this machine are gone');
    case 'command':
      return t('proof.command', 'the configured command confirmed it');
    case 'webhook':
      return t('proof.webhook', 'the configured webhook confirmed it');
    case 'product':
      return t('proof.product', 'the lock of the product is with another node');
    default:
      return t('proof.observed', 'it answers and refuses writes for good');
  }
}

/** What the balancer's check of a server proves; null: nothing more is known. */
export function checkHint(check: 'speaks' | 'connects' | null): string | null {
  if (check !== 'connects') return null;
  return t('server.connects', 'its check only connects, which a frozen node lets through');
}

export function serverWord(state: string): string {
  switch (state) {
    case 'up':
      return t('server.up', 'gets connections');
    case 'down':
      return t('server.down', 'is down for it');
    case 'maint':
      return t('server.maint', 'cut off');
    case 'drain':
      return t('server.drain', 'drained');
    default:
      return t('time.unknown', 'not known');
  }
}

/** A phase by the name that the history has for it, in the words of the journal. */
export function phaseWord(name: string): string {
  switch (name) {
    case 'check':
      return t('phase.check', 'Look at every node');
    case 'drain':
      return t('phase.drain', 'Let no new client in');
    case 'cut_off':
      return t('phase.cut-off', 'Cut the old primary off at the load balancer');
    case 'fence':
      return t('phase.fence', 'Fence the old primary');
    case 'demote':
      return t('phase.demote', 'Stop the old primary in order');
    case 'catch_up':
      return t('phase.catch-up', 'Wait for the rest of the log');
    case 'promote':
      return t('phase.promote', 'Promote the new primary');
    case 'hand_over':
      return t('phase.hand-over', 'Let the product move the primary');
    case 'repoint':
      return t('phase.repoint', 'Point the other standbys at it');
    case 'rejoin':
      return t('phase.rejoin', 'Bring the node back as a standby');
    case 'admit':
      return t('phase.admit', 'Open the load balancer to it');
    case 'verify':
      return t('phase.verify', 'See that exactly one node takes writes');
    default:
      return name;
  }
}
