import { getTimeZone } from '@grafana/data';
import { t } from '../../text.ts';
import { formatTime } from '../../lib/format.ts';
import type { ScalingMetric } from '../../lib/scaling-api.ts';
import type { Mark } from '../../lib/scaling-chart.ts';
import type { LoadLayout, Moment } from '../../lib/scaling-layout.ts';
import { metricText } from '../../lib/scaling-view.ts';

/** What stands at one moment of the drawing, in words. */
export function readoutText({ moments }: LoadLayout, index: number, metric: ScalingMetric | undefined): string {
  const moment = moments[index];
  if (moment === undefined) return t('readout.none', 'Nothing was measured');
  return [formatTime(moment.at, getTimeZone()), ...partsOf(moment, metric), ...moment.marks.map(markText)].join(' · ');
}

function partsOf({ point, forecast }: Moment, metric: ScalingMetric | undefined): readonly string[] {
  const show = (value: number | null): string => metricText(value, metric, true);
  if (forecast !== null)
    return [
      t('readout.forecast', 'forecast {{mean}} ({{lower}} to {{upper}})', {
        mean: show(forecast.mean),
        lower: show(forecast.lower),
        upper: show(forecast.upper),
      }),
    ];
  const unknown = t('time.unknown', 'not known');
  return [
    t('readout.demand', 'demand {{value}}', { value: show(point?.value ?? null) }),
    t('readout.ready', 'ready {{ready}}', { ready: point?.ready ?? unknown }),
    t('readout.desired', 'wanted {{desired}}', { desired: point?.desired ?? unknown }),
  ];
}

export function markText({ kind, before, wanted, reason }: Mark): string {
  return `${markWord(kind, before, wanted)}: ${reason}`;
}

function markWord(kind: Mark['kind'], before: number, wanted: number): string {
  const numbers = { before, wanted };
  switch (kind) {
    case 'up':
      return t('mark.up', 'added, {{before}} to {{wanted}}', numbers);
    case 'down':
      return t('mark.down', 'removed, {{before}} to {{wanted}}', numbers);
    case 'failed':
      return t('mark.failed', 'failed, {{before}} to {{wanted}}', numbers);
    case 'freeze':
      return t('mark.freeze', 'frozen at {{before}}', numbers);
    default:
      return t('mark.would', 'would have gone from {{before}} to {{wanted}}', numbers);
  }
}
