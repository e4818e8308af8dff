import { Config } from '@genesis-dr/exporter/config';
import { exporterUp, maxBy, serviceKey, slaThreshold } from './expr.ts';
import { external } from './external.ts';
import { recorded } from './recording/index.ts';
import { threshold } from './thresholds.ts';

describe('expressions', () => {
  it('aggregate a metric by labels that it has', () => {
    expect(maxBy(serviceKey, 'genesis_rpo_seconds')).toBe('max by (cluster, service) (genesis_rpo_seconds)');
    expect(slaThreshold('rpo_sla')).toBe('service_sla:genesis_sla_threshold:max{sla="rpo_sla"}');
    expect(maxBy(['collector'], 'genesis_collector_success', { range: '5m' })).toBe(
      'max by (collector) (max_over_time(genesis_collector_success[5m]))',
    );
  });

  it('do not compile with a metric, label, objective, record or threshold that does not exist', () => {
    // @ts-expect-error no such metric
    expect(maxBy(serviceKey, 'genesis_rpo_secondz')).toContain('secondz');
    // @ts-expect-error no such label on this metric
    expect(maxBy(['collector'], 'genesis_rpo_seconds')).toContain('collector');
    // @ts-expect-error no such objective
    expect(slaThreshold('rpo')).toContain('rpo');
    // @ts-expect-error no such record
    expect(recorded('service:genesis_nothing:max')).toContain('nothing');
    // @ts-expect-error no such label on a metric of the node exporter
    expect(external('node_network_up', { mountpoint: '/' })).toContain('mountpoint');
    // @ts-expect-error no such threshold
    expect(threshold('cpu', Config.parse({}))).toBe('undefined');
  });

  it('select the targets of the configured cluster, also where Prometheus sets no cluster', () => {
    expect(exporterUp(Config.parse({ cluster: 'eu-1' }))).toBe('up{job="genesis_dr",cluster=~"eu-1|"}');
  });
});
