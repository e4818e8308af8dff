import { enableCompileCache } from 'node:module';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { backtest } from '../exporter/src/core/scaling-backtest.ts';
import { courseOfShape, loadShapes } from '../exporter/src/core/scaling-shapes.ts';
import { policyWith, metricWith } from '../exporter/src/core/scaling-testing.ts';
import { simulateWeek } from '../exporter/src/core/scaling-week.ts';

/**
 * How long a backtest takes: 30 days of one-minute data through the policy in force, a proposal and the HorizontalPodAutoscaler. Median
 * of the runs; its processor time (one thread, nothing to wait for) is to stay below 5 s. --week: the simulation of a week for docs/evidence/7-scaling-hpa.md instead (minutes).
 *
 *   node bench/scaling.bench.ts [--days 30] [--runs 5] [--week] [--help]
 */
const { values: options } = parseArgs({
  options: {
    days: { type: 'string', default: '30' },
    runs: { type: 'string', default: '5' },
    week: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
// As the `genesis` binary does.
enableCompileCache();
const fromMs = Date.parse('2026-03-02T00:00:00.000Z');
const dayMs = 86_400_000;
const launchSeconds = 120;
const iso = (ms: number): string => new Date(ms).toISOString();

const predictive = { ...policyWith().predictive, launchSeconds };
const cost = { instanceHour: 0.1, currency: 'USD', ceilingPerHour: null };
const inForce = policyWith({ max: 20, predictive, cost });
/** What the evidence recommends where the requirements' cooldowns are not asked for. */
const close = policyWith({
  ...inForce,
  evaluationPeriods: 1,
  cooldownUpSeconds: 0,
  cooldownDownSeconds: 120,
  maxStepUp: 20,
  maxStepDown: 20,
  metrics: [metricWith({ up: 0.52, down: 0.45 })],
});

function speed(): void {
  const days = Number(options.days);
  const history = courseOfShape(loadShapes[0]!, days * 1440, fromMs, 1);
  const span = { metric: 'cpu', stepSeconds: 60, from: iso(fromMs), to: iso(fromMs + days * dayMs) };
  const samples = Array.from({ length: Number(options.runs) }, () => {
    const [begin, cpu] = [performance.now(), process.cpuUsage()];
    const result = backtest(history, { current: inForce, proposed: close }, span);
    const used = process.cpuUsage(cpu);
    return { seconds: (performance.now() - begin) / 1000, cpuSeconds: (used.user + used.system) / 1e6, result };
  }).sort((a, b) => a.cpuSeconds - b.cpuSeconds);
  const median = samples[samples.length >> 1]!;
  const isWithin = median.cpuSeconds < 5;
  const round = (value: number): number => Number(value.toFixed(3));
  console.log(
    JSON.stringify({
      processor: cpus()[0]?.model ?? 'unknown',
      days,
      points: median.result.points,
      runs: median.result.runs.map(({ policy, scaleUps, scaleDowns }) => ({ policy, scaleUps, scaleDowns })),
      seconds: round(median.seconds),
      cpuSeconds: round(median.cpuSeconds),
      bound: 5,
      isWithin,
    }),
  );
  process.exitCode = isWithin ? 0 : 1;
}

function week(): void {
  const cells = (...values: readonly (string | number)[]): void => console.log(`| ${values.join(' | ')} |`);
  const minutes = (seconds: number): string => (seconds / 60).toFixed(0);
  const sums = new Map<string, readonly number[]>();
  const head = ['load', 'policy', 'under min', 'overloaded min', 'instance hours', 'out', 'in', 'most'];
  cells(...head, 'HPA for as much: target', 'its under min');
  cells(...head.map((_, index) => (index < 2 ? '---' : '---:')), '---:', '---:');
  const scaleOut = { ...predictive, mode: 'scale_out' as const, metric: 'cpu', quantile: 0.75 };
  const policies = [
    { name: 'defaults', policy: inForce, isForecast: false },
    { name: 'defaults + forecast', policy: { ...inForce, predictive: scaleOut }, isForecast: true },
    { name: 'close', policy: close, isForecast: false },
    { name: 'close + forecast', policy: { ...close, predictive: scaleOut }, isForecast: true },
  ];
  const base = { ...inForce, predictive: scaleOut };
  for (const [index, make] of loadShapes.entries()) {
    for (const row of simulateWeek({ make, seed: index + 1, fromMs, policies, base, overloadedAt: 0.7 })) {
      const { policy, run, overloadedSeconds, hpaForAsMuch } = row;
      const alike = hpaForAsMuch?.underProvisionedSeconds ?? 0;
      const values = [run.underProvisionedSeconds, overloadedSeconds, run.instanceHours, alike];
      sums.set(
        policy,
        values.map((value, at) => value + (sums.get(policy)?.[at] ?? 0)),
      );
      const other = hpaForAsMuch === null ? ['', ''] : [hpaForAsMuch.target.toFixed(3), minutes(alike)];
      cells(make().name, policy, minutes(values[0]!), minutes(values[1]!), values[2]!.toFixed(0), run.scaleUps, run.scaleDowns, run.maxInstances, ...other); // prettier-ignore
    }
  }
  for (const [policy, [under = 0, over = 0, hours = 0, alike = 0]] of sums)
    cells('all', policy, minutes(under), minutes(over), hours.toFixed(0), '', '', '', '', minutes(alike)); // prettier-ignore
}

if (options.help) console.log('node bench/scaling.bench.ts [--days 30] [--runs 5] [--week]');
else if (options.week) week();
else speed();
