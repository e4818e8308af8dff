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
    'a forecast from less than a day',
    `${workers}, metrics: [{ name: a, kind: cpu, source: own }], predictive: { mode: scale_out, history: 12h }`,
    'services[0].scaling.predictive.history',
    '24h',
  ],
  [
    'a forecast of what tells no demand',
    `${workers}, metrics: [{ name: a, kind: response_time, source: own }, { name: b, kind: cpu, source: own }], predictive: { mode: scale_out, metric: a }`,
    'services[0].scaling.predictive.metric',
    'mean or total',
  ],
  [
    'a forecast where nothing tells the demand',
    `${workers}, metrics: [{ name: a, kind: response_time, source: own }], predictive: { mode: scale_out }`,
    'services[0].scaling.predictive.mode',
    'turn it off',
  ],
  [
    'fewer ports than workers at some time of the week',
    'engine: process, process: { command: [/w], ports: [9001, 9010] }, schedules: [{ name: day, cron: "0 8 * * *", max: 20 }]',
    'services[0].scaling.process.ports',
    'widen it',
  ],
  ['every container of the host', 'engine: docker, docker: {}', 'services[0].scaling.docker.labels', 'app: shop'],
  ['no Swarm service', 'engine: docker, docker: { mode: service }', 'services[0].scaling.docker.service', 'its name'],
  [
    'a check that is never asked',
    'engine: docker, docker: { labels: { app: w }, health_path: /ready }',
    'services[0].scaling.docker.port',
    'the port',
  ],
  [
    'a load balancer that has no address',
    'engine: docker, docker: { labels: { app: w } }, balancer: { socket: /s, backend: b }',
    'services[0].scaling.docker.port',
    'the port',
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

describe('two services', () => {
  let bench: Bench;
  beforeEach(() => (bench = createBench()));
  afterEach(() => bench.remove());
  const faultsOf = (...sections: readonly string[]): string[] => {
    const services = sections.map(
      (scaling, n) => `{ name: s${n}, backup: { components: { data: { paths: [/d] } } }, ${scaling} }`,
    );
    const loaded = bench.load(`services: [${services.join(', ')}]`);
    const faults = loaded.ok ? [] : ((loaded.error.details?.['faults'] ?? []) as readonly { path: string }[]);
    return faults.map(({ path }) => path);
  };
  const deployment = (more = '') => `scaling: { engine: kubernetes, kubernetes: { name: web${more} } }`;
  const containers = (labels: string) => `scaling: { engine: docker, docker: { labels: ${labels} } }`;
  const backend = (more = '') => `scaling: { engine: haproxy, haproxy: { socket: /s, backend: b${more} } }`;
  const behind = (ports: string, more = '') =>
    `scaling: { engine: process, process: { command: [/w], ports: ${ports} }, balancer: { socket: /s, backend: b${more} } }`;

  it.each<[string, string, string, string[]]>([
    ['a Deployment', deployment(), deployment(), ['services[1].scaling.kubernetes']],
    ['of different namespaces', deployment(), deployment(', namespace: other'), []],
    [
      'labels in any order',
      containers('{ a: x, b: y }'),
      containers('{ b: y, a: x }'),
      ['services[1].scaling.docker.labels'],
    ],
    ['other labels', containers('{ a: x }'), containers('{ a: z }'), []],
    ['a backend', backend(), backend(', prefix: w'), ['services[1].scaling.haproxy']],
    ['apart by prefix', backend(', prefix: a'), backend(', prefix: b'), []],
    ['a backend in front', backend(), behind('[9001, 9020]'), ['services[1].scaling.balancer']],
    [
      'ports',
      behind('[9001, 9020]', ', prefix: a'),
      behind('[9020, 9040]', ', prefix: b'),
      ['services[1].scaling.process.ports'],
    ],
    ['ports apart', behind('[9001, 9020]', ', prefix: a'), behind('[9021, 9040]', ', prefix: b'), []],
  ])('may not scale the same: %s', (_, one, other, paths) => {
    expect(faultsOf(one, other)).toEqual(paths);
  });

  const failover = (server: string) =>
    `failover: { engine: service, haproxy: { socket: /s, backend: b }, nodes: [{ name: n1, server: ${server}1 }, { name: n2, server: ${server}2 }] }`;

  it('may not scale what a failover fences: the fenced one would be let in again', () => {
    expect(faultsOf(`${failover('w')}, ${backend()}`)).toContain('services[0].scaling.haproxy');
    expect(faultsOf(failover('w'), behind('[9001, 9020]'))).toContain('services[1].scaling.balancer');
    expect(faultsOf(`${failover('w')}, ${backend(', prefix: r')}`)).not.toContain('services[0].scaling.haproxy');
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
    ['min: *nobody', '', 'without *names'],
    ['a: &a [1, 1, 1]\nb: &b [*a, *a, *a, *a]\nc: [*b, *b, *b, *b]', '', 'without *names'],
    ['engine: docker', 'engine', 'remove it'],
    ['mn: 2', 'mn', 'did you mean "min"?'],
    ['min: 3\nmax: 2', 'min', 'raise max'],
    ['cooldown: { up: soon }', 'cooldown.up', '30s'],
  ])('says what is wrong with %j', (text, path, mend) => {
    const read = readScalingPolicy(text);

    expect(read).toMatchObject({ ok: false, faults: [{ path, mend: expect.stringContaining(mend) }] });
  });
});
