import { createBench, type Bench } from './testing.ts';

// What a failover needs before anybody relies on it.

const pair = 'nodes: [{ name: a, host: h1, data: /a }, { name: b, host: h2, data: /b }]';
const pg = 'postgres: { host: h1 }';
const cases: readonly [string, string, string, string][] = [
  [
    'one node',
    `${pg}, failover: { engine: postgres, nodes: [{ name: a, host: h1, data: /a }] }`,
    'services[0].failover.nodes',
    'at least one more',
  ],
  [
    'two nodes of a name',
    `${pg}, failover: { engine: postgres, nodes: [{ name: a, host: h1, data: /a }, { name: a, host: h2, data: /b }] }`,
    'services[0].failover.nodes[1].name',
    'its own name',
  ],
  ['no server', `failover: { engine: postgres, ${pair} }`, 'services[0].failover.engine', 'add postgres'],
  [
    'two writers of a database',
    `${pg}, failover: { engine: postgres, strategy: multi_master, conflict_policy: x, ${pair} }`,
    'services[0].failover.strategy',
    'active_passive',
  ],
  [
    'several writers without a policy',
    'failover: { engine: service, strategy: multi_master, nodes: [{ name: a, url: "http://a" }, { name: b, url: "http://b" }] }',
    'services[0].failover.conflict_policy',
    'say it',
  ],
  [
    'a bound that all must meet',
    'failover: { engine: service, strategy: active_active, min_serving: 2, nodes: [{ name: a, url: "http://a" }, { name: b, url: "http://b" }] }',
    'services[0].failover.min_serving',
    'less than 2',
  ],
  [
    'a node without a health check',
    'failover: { engine: service, strategy: active_active, nodes: [{ name: a, url: "http://a" }, { name: b }] }',
    'services[0].failover.nodes[1].url',
    'health check',
  ],
  [
    'a candidate that nothing promotes',
    'failover: { engine: service, nodes: [{ name: a, url: "http://a" }, { name: b, url: "http://b", commands: { promote: [/p] } }] }',
    'services[0].failover.nodes[0].commands.promote',
    'candidate: false',
  ],
  [
    'a Patroni without its address',
    `${pg}, failover: { engine: patroni, nodes: [{ name: a, url: "http://a" }, { name: b }] }`,
    'services[0].failover.nodes[1].url',
    '8008',
  ],
];

describe('relations of failover', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = createBench();
  });
  afterEach(() => bench.remove());

  it.each(cases)('refuses %s', (_what, yaml, path, mend) => {
    const found = bench.faults(`services: [{ name: shop, ${yaml} }]`).find((fault) => fault.path === path);
    expect(found?.mend).toContain(mend);
  });

  it('warns of a node that nothing could fence, and of a loss that every detection exceeds', () => {
    const { warnings } = bench.good(
      `services: [{ name: shop, ${pg}, failover: { engine: postgres, max_loss: { time: 5s }, nodes: [{ name: a, host: h1, data: /a }, { name: b, host: h2 }] } }]`,
    );
    expect(warnings.map(({ path }) => path)).toEqual([
      'services[0].failover.max_loss.time',
      'services[0].failover.nodes[1]',
    ]);
  });

  it('takes what is complete', () => {
    expect(bench.good(`services: [{ name: shop, ${pg}, failover: { engine: postgres, ${pair} } }]`).warnings).toEqual(
      [],
    );
  });
});
