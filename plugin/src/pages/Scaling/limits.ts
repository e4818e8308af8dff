import { t } from '../../text.ts';
import { formatAge } from '../../lib/format.ts';
import type { Limit, Scaling } from '../../lib/scaling-api.ts';
import { moneyText } from '../../lib/scaling-view.ts';

type Facts = Pick<Scaling, 'min' | 'max' | 'mode' | 'pause' | 'cost' | 'fleet' | 'lastUpAt' | 'lastDownAt'>;

/** Why the number is not what the metrics want: one sentence for each limit, with the figure that it rests on. */
export function limitWord(limit: Limit, facts: Facts, nowMs: number): string {
  switch (limit) {
    case 'min':
      return t('limit.min', 'The policy keeps at least {{min}}', { min: facts.min });
    case 'max':
      return t('limit.max', 'The policy allows at most {{max}}', { max: facts.max });
    case 'max_step':
      return t('limit.max-step', 'One action goes only so far; the rest follows after the cooldown');
    case 'cooldown':
      return restWord(facts, nowMs);
    case 'warm_up':
      return t('limit.warm-up', 'Instances that were just added still warm up');
    case 'evaluation_periods':
      return t('limit.evaluation', 'Not enough evaluations in a row agree yet');
    case 'hysteresis':
      return t(
        'limit.hysteresis',
        'The values lie between their bounds, or another number would only bring them over one',
      );
    case 'cost_ceiling':
      return ceilingWord(facts);
    case 'protected':
      return protectedWord(facts);
    default:
      return stateWord(limit, facts);
  }
}

/** Limits that come from the state of Genesis and of the service, and not from the policy's numbers. */
function stateWord(limit: Limit, facts: Facts): string {
  switch (limit) {
    case 'missing_metrics':
      return t('limit.missing', 'Values are missing: on absence nothing is ever removed');
    case 'frozen':
      return t('limit.frozen', 'It is frozen until its values are back');
    case 'paused':
      return t('limit.paused', 'Automatic scaling is paused by {{by}}', {
        by: facts.pause?.by ?? t('time.unknown', 'not known'),
      });
    case 'mode':
      return facts.mode === 'manual'
        ? t('limit.manual', 'Mode manual: it waits for a person')
        : t('limit.observe', 'Mode observe: it only says what it would do');
    case 'not_leader':
      return t('limit.leader', 'Another Genesis holds the lease and decides');
    case 'running':
      return t('limit.running', 'Another operation on this service is under way');
    case 'breaker':
      return t(
        'limit.breaker',
        'Too many actions failed in a row, so it rests (its circuit breaker is open): see the history for why. Setting the number by hand tries at once',
      );
    case 'owned':
      return t('limit.owned', '{{owner}} sets the number, so Genesis does not', { owner: ownerOf(facts) });
    default:
      return limit;
  }
}

function ownerOf({ fleet }: Pick<Scaling, 'fleet'>): string {
  return fleet?.ownedBy ?? t('limit.other-controller', 'Another controller');
}

/** Why nobody can set the number here; null: nothing else sets it. */
export function ownedWord(facts: Pick<Scaling, 'fleet'>): string | null {
  if ((facts.fleet?.ownedBy ?? null) === null) return null;
  return t('limit.owned-change', '{{owner}} sets the number: change it there', { owner: ownerOf(facts) });
}

function restWord({ lastUpAt, lastDownAt }: Facts, nowMs: number): string {
  const last = [lastUpAt, lastDownAt]
    .filter((at) => at !== null)
    .toSorted()
    .at(-1);
  if (last === undefined) return t('limit.cooldown', 'It rests after the last action');
  return t('limit.cooldown-since', 'It rests after the last action, {{age}}', { age: formatAge(last, nowMs) });
}

function ceilingWord({ cost }: Facts): string {
  if (cost === null || cost.ceilingPerHour === null) return t('limit.cost', 'More would cost more than the ceiling');
  return t('limit.cost-of', 'More would cost more than the ceiling of {{ceiling}} an hour', {
    ceiling: moneyText(cost.ceilingPerHour, cost.currency),
  });
}

function protectedWord({ fleet }: Facts): string {
  const names = (fleet?.instances ?? []).filter(({ protectedBy }) => protectedBy !== null).map(({ name }) => name);
  return names.length === 0
    ? t('limit.protected', 'What is left must not be removed now')
    : t('limit.protected-are', 'Must not be removed now: {{names}}', { names: names.join(', ') });
}
