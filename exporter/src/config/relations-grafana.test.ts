import { createBench } from './testing.ts';
import type { Bench } from './testing.ts';

let bench: Bench;
beforeEach(() => {
  bench = createBench();
});
afterEach(() => bench.remove());

const pathsOf = (yaml: string): string[] => bench.faults(yaml).map(({ path }) => path);

describe('who proves the names of people', () => {
  it('is nobody by default', () => {
    expect(bench.good('').config.grafana).toMatchObject({ identity: 'off', url: null, root_url: null, org_id: 1 });
  });

  it('must have an address', () => {
    expect(pathsOf('grafana: { identity: require }')).toEqual(['grafana.url']);
    expect(pathsOf('grafana: { identity: warn }')).toEqual(['grafana.url']);
  });

  it('is one of three modes, of an organisation with a number, at addresses without a password', () => {
    expect(pathsOf('grafana: { url: "http://127.0.0.1:3000", identity: yes }')).toEqual(['grafana.identity']);
    expect(pathsOf('grafana: { org_id: 0 }')).toEqual(['grafana.org_id']);
    expect(pathsOf('grafana: { root_url: "https://u:p@grafana.example" }')).toEqual(['grafana.root_url']);
    expect(pathsOf('grafana: { ca_file: relative.pem }')).toEqual(['grafana.ca_file']);
  });

  it('is warned of where its keys would come unencrypted from another machine', () => {
    const warned = (url: string): string[] =>
      bench.good(`grafana: { url: "${url}", identity: require }`).warnings.map(({ path }) => path);

    expect(warned('http://grafana.example:3000')).toEqual(['grafana.url']);
    expect(warned('https://grafana.example')).toEqual([]);
    expect(warned('http://127.0.0.1:3000')).toEqual([]);
    expect(warned('http://[::1]:3000')).toEqual([]);
  });
});

it.each(['prometheus', 'alertmanager', 'grafana'])('the token of %s is never in the file itself', (section) => {
  expect(pathsOf(`${section}: { token: hunter2hunter2 }`)).toEqual([`${section}.token`]);
  expect(bench.good(`${section}: { token: env:TOKEN, ca_file: /etc/ca.pem }`).config).toMatchObject({
    [section]: { token: 'env:TOKEN', ca_file: '/etc/ca.pem' },
  });
});
