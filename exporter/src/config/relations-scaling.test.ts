import { readScalingPolicy } from './scaling-policy.ts';
import { createBench, type Bench } from './testing.ts';

// What scaling needs before anybody relies on it.

const workers = 'engine: process, process: { command: [/w], ports: [9001, 9020] }';
const cases: readonly [string, string, string, string][] = [
  ['no section of the engine', 'engine: docker', 'services[0].scaling.docker', 'section docker'],
  [
    'ports the wrong way round',
    'engine: process, process: { command: [/w], ports: [9020, 9001] }',
    'services[0].scaling.process.ports',
    'first port',
  ],
  [
    'fewer ports than workers',
    'engine: process, process: { command: [/w], ports: [9001, 9003] }, max: 4',
    'services[0].scaling.process.ports',
    'widen it',
  ],
  ['nobody who lists', 'engine: command, command: { scale: [/s] }', 'services[0].scaling.command', 'both programs'],
  [
    'a load balancer in front of itself',
    'engine: haproxy, haproxy: { socket: /s, backend: b }, balancer: { socket: /s, backend: b }',
    'services[0].scaling.balancer',
    'remove it',
  ],
  ['bounds the wrong way round', `${workers}, min: 5, max: 2`, 'services[0].scaling.min', 'raise max'],
  [
    'two metrics of a name',
    `${workers}, metrics: [{ name: a, kind: cpu, source: own }, { name: a, kind: memory, source: own }]`,
    'services[0].scaling.metrics[1].name',
    'own name',
  ],
  ['no query', `${workers}, metrics: [{ name: a, kind: cpu }]`, 'services[0].scaling.metrics[0].query', 'PromQL'],
  [
    'thresholds that leave no room',
    `${workers}, metrics: [{ name: a, kind: cpu, source: own, up: 0.5, down: 0.5 }]`,
    'services[0].scaling.metrics[0].down',
    'raise up',
  ],
  [
    'a target outside of its thresholds',
    `${workers}, metrics: [{ name: a, kind: cpu, source: own, target: 0.9, up: 0.7 }]`,
    'services[0].scaling.metrics[0].target',
    'lower it',
  ],
  [
    'a query that never votes',
    `${workers}, metrics: [{ name: a, kind: query, query: up }]`,
    'services[0].scaling.metrics[0].up',
    'for fewer',
  ],
  [
    'no steps',
    `${workers}, metrics: [{ name: a, kind: cpu, source: own, strategy: step_scaling }]`,
    'services[0].scaling.metrics[0].steps',
    'write steps',
  ],
  [
    'steps that overlap',
    `${workers}, metrics: [{ name: a, kind: cpu, source: own, strategy: step_scaling, steps: [{ from: 0.5, change: 1 }, { from: 0.8, change: 2 }] }]`,
    'services[0].scaling.metrics[0].steps[0].to',
    'the next begins',
  ],
  [
    'no such time',
    `${workers}, schedules: [{ name: day, cron: "61 8 * * *" }]`,
    'services[0].scaling.schedules[0].cron',
    'five fields',
  ],
  [
    'a number outside of what holds then',
    `${workers}, schedules: [{ name: day, cron: "0 8 * * *", desired: 20 }]`,
    'services[0].scaling.schedules[0].desired',
    'between them',
  ],
  [
    'a forecast of nothing',
    `${workers}, predictive: { mode: forecast_only }`,
    'services[0].scaling.predictive.mode',
    'turn it off',
  ],
  [
    'a ceiling below the least',
    `${workers}, min: 3, cost: { instance_hour: 1, ceiling_per_hour: 2 }`,
    'services[0].scaling.cost.ceiling_per_hour',
    'lower min',
  ],
];

describe('the section scaling', () => {
  let bench: Bench;
  beforeEach(() => (bench = createBench()));
  afterEach(() => bench.remove());

  it.each(cases)('names %s', (_what, scaling, path, mend) => {
    const faults = bench.faults(
      `services: [{ name: shop, backup: { components: { data: { paths: [/d] } } }, scaling: { ${scaling} } }]`,
    );

    expect(faults.map((fault) => fault.path)).toContain(path);
    expect(faults.find((fault) => fault.path === path)?.mend).toContain(mend);
  });
});

describe('a policy that stands alone', () => {
  it('is read with its defaults, as YAML and as JSON', () => {
    expect(readScalingPolicy('min: 2\ncooldown: { up: 1m }')).toMatchObject({
      ok: true,
      policy: { min: 2, mode: 'observe', cooldown: { up: 60, down: 600 } },
    });
    expect(readScalingPolicy('{"max": 3}')).toMatchObject({ ok: true, policy: { max: 3 } });
  });

  it.each([
    ['min: [', '', 'YAML'],
    ['- 1', '', 'write e.g.'],
    ['engine: docker', 'engine', 'remove it'],
    ['mn: 2', 'mn', 'did you mean "min"?'],
    ['min: 3\nmax: 2', 'min', 'raise max'],
    ['cooldown: { up: soon }', 'cooldown.up', '30s'],
  ])('says what is wrong with %j', (text, path, mend) => {
    const read = readScalingPolicy(text);

    expect(read).toMatchObject({ ok: false, faults: [{ path, mend: expect.stringContaining(mend) }] });
  });
});
