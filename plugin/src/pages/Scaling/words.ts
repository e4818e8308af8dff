import { t } from '../../text.ts';
import type { Tone } from '../../components/StatusBadge.tsx';
import { formatDuration } from '../../lib/format.ts';
import type {
  Decision,
  Forecast,
  Instance,
  Scaling,
  ScalingMetric,
  ScalingRecord,
  Vote,
} from '../../lib/scaling-api.ts';
import type { RecordEnd, Standing } from '../../lib/scaling-view.ts';

export function modeWord(mode: Scaling['mode']): string {
  if (mode === 'auto') return t('scaling.mode-auto', 'Automatic');
  if (mode === 'manual') return t('scaling.mode-manual', 'Manual: proposes and waits for a person');
  return t('scaling.mode-observe', 'Observe: only says what it would do');
}

export const standingTones: Record<Standing, Tone> = {
  frozen: 'bad',
  page: 'bad',
  acts: 'running',
  would: 'attention',
  held: 'attention',
  calm: 'good',
  unknown: 'unknown',
};

export function standingWord(standing: Standing): string {
  switch (standing) {
    case 'frozen':
      return t('scaling.frozen', 'Frozen');
    case 'page':
      return t('decision.page', 'A person has to look');
    case 'acts':
      return t('decision.acts', 'Acting');
    case 'would':
      return t('decision.only', 'Does not act');
    case 'held':
      return t('scaling.held', 'Held back');
    case 'calm':
      return t('decision.calm', 'All is well');
    default:
      return t('scaling.undecided', 'Nothing decided yet');
  }
}

/** What is decided now, in a sentence without its reasons. */
export function decisionWord({ action, act, current, desired, proposed }: Decision): string {
  const numbers = { current, desired, proposed };
  switch (action) {
    case 'scale_up':
      return act
        ? t('scaling.up', 'Adds instances: from {{current}} to {{desired}}', numbers)
        : t('scaling.would-up', 'Would add instances now: from {{current}} to {{desired}}', numbers);
    case 'scale_down':
      return act
        ? t('scaling.down', 'Removes instances: from {{current}} to {{desired}}', numbers)
        : t('scaling.would-down', 'Would remove instances now: from {{current}} to {{desired}}', numbers);
    case 'freeze':
      return t('scaling.freeze', 'Frozen at {{desired}}: without its metrics nothing is added or removed', numbers);
    default:
      return proposed === null || proposed === current
        ? t('scaling.hold', 'Stays at {{desired}}', numbers)
        : t('scaling.hold-although', 'Stays at {{desired}}, although the metrics want {{proposed}}', numbers);
  }
}

/** The action of a decision in a word, for lists. */
export function actionWord(action: Decision['action']): string {
  switch (action) {
    case 'scale_up':
      return t('scaling.action-up', 'Add');
    case 'scale_down':
      return t('scaling.action-down', 'Remove');
    case 'freeze':
      return t('scaling.action-freeze', 'Freeze');
    default:
      return t('scaling.action-hold', 'Stay');
  }
}

export function directionWord(direction: Vote['direction']): { readonly tone: Tone; readonly text: string } {
  switch (direction) {
    case 'up':
      return { tone: 'attention', text: t('vote.up', 'More') };
    case 'down':
      return { tone: 'neutral', text: t('vote.down', 'Fewer') };
    case 'stay':
      return { tone: 'good', text: t('vote.stay', 'As it is') };
    default:
      return { tone: 'unknown', text: t('vote.unknown', 'No vote') };
  }
}

export function missingWord(why: string): string {
  switch (why) {
    case 'stale':
      return t('reading.stale', 'too old');
    case 'not_a_number':
      return t('reading.nan', 'not a number');
    case 'unreachable':
      return t('reading.unreachable', 'its source cannot be reached');
    default:
      return t('reading.missing', 'no value');
  }
}

export function instanceWord(state: Instance['state']): { readonly tone: Tone; readonly text: string } {
  switch (state) {
    case 'ready':
      return { tone: 'good', text: t('instance.ready', 'Ready') };
    case 'starting':
      return { tone: 'running', text: t('instance.starting', 'Starting') };
    case 'unready':
      return { tone: 'bad', text: t('instance.unready', 'Fails its check') };
    case 'draining':
      return { tone: 'neutral', text: t('instance.draining', 'Draining') };
    default:
      return { tone: 'unknown', text: t('time.unknown', 'not known') };
  }
}

export function triggerWord(trigger: ScalingRecord['trigger']): string {
  switch (trigger) {
    case 'metrics':
      return t('trigger.metrics', 'metrics');
    case 'forecast':
      return t('trigger.forecast', 'forecast');
    case 'schedule':
      return t('trigger.schedule', 'schedule');
    case 'manual':
      return t('trigger.manual', 'a person');
    case 'repair':
      return t('trigger.repair', 'repair: fewer ran than were wanted');
    default:
      return trigger;
  }
}

export function endWord(end: RecordEnd): { readonly tone: Tone; readonly text: string } {
  if (end === 'succeeded') return { tone: 'good', text: t('operation.succeeded', 'Succeeded') };
  if (end === 'rolled_back') return { tone: 'bad', text: t('scaling.rolled-back', 'Rolled back') };
  return { tone: 'bad', text: t('operation.failed', 'Failed') };
}

export function modelWord(model: Extract<Forecast, { known: true }>['model']): string {
  switch (model) {
    case 'seasonal_naive':
      return t('forecast.naive', 'Seasonal naive: as a week or a day before');
    case 'holt_winters':
      return t('forecast.holt-winters', 'Holt-Winters: level, trend and season');
    case 'ridge':
      return t('forecast.ridge', 'Ridge regression: hour, weekday and trend');
    default:
      return model;
  }
}

/** What one metric follows: its target, or the bounds at which it votes. */
export function targetText(metric: ScalingMetric | undefined, show: (value: number) => string): string {
  if (metric === undefined) return t('time.unknown', 'not known');
  if (metric.strategy === 'step_scaling') return t('vote.steps', '{{number}} steps', { number: metric.steps.length });
  return metric.target === null ? t('vote.no-target', 'none') : show(metric.target);
}

/** `up from 70 %, down to 30 %`. */
export function boundsText(metric: ScalingMetric | undefined, show: (value: number) => string): string {
  if (metric === undefined) return t('time.unknown', 'not known');
  const { up, down, inverse } = metric;
  const parts = [
    up === null ? null : t('vote.up-from', 'more from {{value}}', { value: show(up) }),
    down === null
      ? null
      : inverse
        ? t('vote.down-from', 'fewer from {{value}}', { value: show(down) })
        : t('vote.down-to', 'fewer up to {{value}}', { value: show(down) }),
  ].filter((part) => part !== null);
  return parts.length === 0 ? t('vote.no-bounds', 'none') : parts.join(', ');
}

export function rangeWord(hours: number): string {
  return formatDuration(hours * 3600);
}

export function backtestName(policy: string): string {
  switch (policy) {
    case 'current':
      return t('backtest.current', 'The policy that holds');
    case 'proposed':
      return t('backtest.proposed', 'The proposed policy');
    case 'hpa':
      return t('backtest.hpa', 'Kubernetes HPA');
    default:
      return policy;
  }
}
