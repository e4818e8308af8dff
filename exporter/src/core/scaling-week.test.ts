import { loadShapes } from './scaling-shapes.ts';
import { metricWith, policyWith } from './scaling-testing.ts';
import { simulateWeek } from './scaling-week.ts';

// The table of docs/evidence/7-scaling-hpa.md comes from bench/scaling.bench.ts --week, which also has the forecast.

// Seconds of work on a machine of its own; minutes beside others.
const longMs = 300_000;
const fromMs = Date.parse('2026-03-02T00:00:00.000Z');
const base = policyWith({ max: 20, predictive: { ...policyWith().predictive, launchSeconds: 120 } });
const close = {
  ...base,
  evaluationPeriods: 1,
  cooldownUpSeconds: 0,
  cooldownDownSeconds: 120,
  maxStepUp: 20,
  maxStepDown: 20,
  metrics: [metricWith({ up: 0.52, down: 0.45 })],
};
const policies = [{ name: 'close', policy: close, isForecast: false }];

describe('a week against the HorizontalPodAutoscaler', () => {
  it(
    'has no more under-provisioned minutes at the same cost, whatever the load',
    () => {
      let [under, hours, hpaUnder, hpaHours] = [0, 0, 0, 0];
      for (const [index, make] of loadShapes.entries()) {
        const rows = simulateWeek({ make, seed: index + 1, fromMs, policies, base, overloadedAt: 0.7 });
        const [ours, hpa] = rows;
        const alike = ours?.hpaForAsMuch?.underProvisionedSeconds ?? 0;
        const said = `${make().name}: ${ours?.run.underProvisionedSeconds} s against ${alike} s`;

        expect([said, (ours?.run.underProvisionedSeconds ?? Infinity) <= alike]).toEqual([said, true]);
        expect(ours?.overloadedSeconds).toBeLessThanOrEqual(hpa?.overloadedSeconds ?? 0);
        under += ours?.run.underProvisionedSeconds ?? 0;
        hours += ours?.run.instanceHours ?? 0;
        hpaUnder += hpa?.run.underProvisionedSeconds ?? 0;
        hpaHours += hpa?.run.instanceHours ?? 0;
      }
      // With the same target: a quarter fewer minutes for as many hours, within a thousandth.
      expect(under).toBeLessThan(0.75 * hpaUnder);
      expect(hours).toBeLessThanOrEqual(1.001 * hpaHours);
    },
    longMs,
  );
});
