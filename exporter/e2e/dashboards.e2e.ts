import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { generate as generateDashboards, waitingPanels } from '@genesis-dr/dashboards';
import { generate as generateProvisioning } from '@genesis-dr/provisioning';
import { generate as generateRules } from '@genesis-dr/rules';
import { Config } from '../src/config/index.ts';
import { backUp, perform, restoreToFolder, verify } from './support/actions.ts';
import { askPanels, faultsOf, readBoards, withValues, type PanelAnswer } from './support/panels.ts';
import { startGenesis, type Genesis } from './support/genesis.ts';
import { cleanUp, tempFolder, waitUntil } from './support/processes.ts';
import { startPrometheus, writeFiles, type PrometheusServer } from './support/prometheus.ts';

const service = 'demo-files';

/** Queries (board/panel: line or column) that rightly have no data on a new installation where all is well, with the reason. */
const rightlyEmpty: Readonly<Record<string, string>> = {
  'dr-overview/Service status: Resumes in': 'nothing is paused',
  'dr-overview/Service status: Ends in': 'no maintenance window is open',
  'dr-overview/Failed health checks: {{service}}': 'no engine checks health yet, so nothing counts failures',
  'dr-overview/Operations on services: {{service}} {{action}}': 'an operation may end between two scrapes',
  'dr-overview/Firing alerts: Series': 'all is well',
  'backup-status/Size against the usual: {{service}} {{backup_type}}': 'fewer than three backups have no median',
  'backup-status/Backups of each service: Key kept elsewhere': 'nothing is encrypted',
  'recovery/Violation alerts: Series': 'all is well',
  'recovery/Violation alerts over time: {{alertname}}': 'all is well',
  'recovery/Failovers a week: {{service}} {{result}}': 'files do not fail over',
  'recovery/Failover durations: {{le}}': 'files do not fail over',
  'system-health/CPU Usage: {{instance}}': 'no node exporter runs',
  'system-health/Memory Usage: {{instance}}': 'no node exporter runs',
  'system-health/File systems of other machines: {{instance}} {{mountpoint}}': 'no node exporter runs',
  'system-health/Disk I/O of other machines: {{instance}} read': 'no node exporter runs',
  'system-health/Disk I/O of other machines: {{instance}} written': 'no node exporter runs',
  'system-health/Network of other machines: {{instance}} received': 'no node exporter runs',
  'system-health/Network of other machines: {{instance}} sent': 'no node exporter runs',
  'exporter/Errors: {{code}} {{component}}': 'nothing failed',
  'exporter/Run-time alerts: {{severity}} {{metric}} {{alert_id}}': 'none is defined at run time',
};

/**
 * Metrics of what the demo service has not: a database, health checks, a comparison of data, nodes that take over. Their panels are
 * asked in postgres-service.e2e, failover-service.e2e and scaling.e2e with real ones.
 */
const ofDatabases =
  /genesis_(node_|failover_(candidate|ready|held|automatic|predicted)|writable_nodes|circuit_breaker_|scaling_|health_|database_|wal_|recovery_window_|data_quality_|privacy_risk_|statistical_divergence|backup_block_incremental|replication_(lag_bytes|queue_bytes|slot_|degraded|state|synchronous|write_|flush_|replay_|heartbeat_))/;

describe('every panel on a real Prometheus', () => {
  let genesis: Genesis;
  let prometheus: PrometheusServer;
  let answers: readonly PanelAnswer[];

  beforeAll(async () => {
    genesis = await startGenesis();
    const config = demoConfig(genesis);
    const stack = tempFolder('genesis-stack-');
    writeFiles(stack, [...generateRules(config), ...generateProvisioning(config, { alertmanagers: [] })]);
    prometheus = await startPrometheus({ configFile: path.join(stack, 'provisioning/generated/prometheus.yml') });
    const watched = { processes: [genesis.process, prometheus.process] };
    // Counters must be seen at 0 before anything happens: an increase needs two samples.
    await waitUntil(
      'prometheus has read the counters twice',
      async () => Number((await prometheus.query('min(count_over_time(genesis_dr_test_total[1m]))'))[0]?.value) >= 2,
      watched,
    );
    const backup = await backUp(genesis, 'full', service);
    expect(await verify(genesis, backup.id)).toMatchObject({ state: 'succeeded' });
    expect(await perform(genesis, 'POST', `/services/${service}/drills`, {})).toMatchObject({ state: 'succeeded' });
    expect(await restoreToFolder(genesis, backup.id, 'seen')).toMatchObject({ state: 'succeeded' });
    await waitUntil(
      'prometheus has seen the drill, the copy and its lag, and has recorded compliance',
      async () => {
        const needed = [
          'sum(increase(genesis_dr_test_total{result="success"}[1m])) > 0',
          'sum(increase(genesis_backup_verifications_total{result="success"}[1m])) > 0',
          // Comes last: a scrape that saw it has seen everything before it.
          'sum(increase(genesis_recovery_total{result="success"}[1m])) > 0',
          'genesis_replication_synced == 1',
          'sla:genesis_services_compliant:ratio',
          'service_sla:genesis_sla_error_budget_remaining:ratio30d',
          'service_sla:genesis_sla_error:ratio6h',
          'ALERTS{alertname="GenesisDRWatchdog"}',
        ];
        for (const expr of needed)
          if ((await prometheus.query(expr)).length === 0) throw new Error(`nothing yet: ${expr}`);
        return true;
      },
      { ...watched, deadlineMs: 120_000 },
    );
    answers = await askPanels(prometheus, readBoards(generateDashboards(config)), {
      cluster: config.cluster,
      region: 'local',
      service,
      metric: 'genesis_system_cpu_usage_ratio',
      interval: '1m',
    });
  }, 300_000);

  afterAll(cleanUp, 60_000);

  it('is asked without an error', () => {
    expect(answers.filter((answer) => answer.error !== null)).toEqual([]);
    expect(answers.length).toBeGreaterThan(200);
  });

  it('has data, but for features still to come and what rightly did not happen', () => {
    const empty = answers.filter((answer) => answer.series.length === 0 && !waitingPanels.includes(answer.panel));
    const surprising = empty.filter(({ name, expr }) => rightlyEmpty[name] === undefined && !ofDatabases.test(expr));

    expect(surprising.map(({ name, expr }) => `${name}  ${expr}`)).toEqual([]);
    expect(Object.keys(rightlyEmpty).filter((name) => !answers.some((answer) => answer.name === name))).toEqual([]);
  });

  it('shows nothing for features still to come', () => {
    const waiting = answers.filter(({ panel }) => waitingPanels.includes(panel));

    expect(new Set(waiting.map(({ panel }) => panel)).size).toBe(waitingPanels.length);
    expect(waiting.filter(({ series }) => series.length > 0).map(({ name }) => name)).toEqual([]);
  });

  it('gets numbers, and the labels that its legend or its rows name', () => {
    expect(faultsOf(answers)).toEqual([]);
  });

  it('offers what can be chosen, and marks what was done', async () => {
    const [overview] = readBoards(generateDashboards(demoConfig(genesis)));
    const chosen: Record<string, string[]> = {};
    for (const { name, definition } of overview?.templating.list ?? []) {
      const [, match = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(definition ?? '') ?? [];
      if (label === '') continue;
      const selector = withValues(match, { cluster: 'default', region: 'local' });
      chosen[name] = await prometheus.api(`/api/v1/label/${label}/values?match[]=${encodeURIComponent(selector)}`);
    }
    expect(chosen).toEqual({ cluster: ['default'], region: ['local'], service: [service] });

    const marks = overview?.annotations.list ?? [];
    expect(marks).not.toEqual([]);
    for (const { expr } of marks)
      await prometheus.query(withValues(expr, { cluster: 'default', region: 'local', service }));
    const drills = marks.find(({ name }) => name === 'Drills')?.expr ?? '';
    const seen = await prometheus.query(withValues(drills, { cluster: 'default', region: 'local', service }, '5m'));
    expect(seen.map(({ metric }) => [metric['service'], metric['result']])).toEqual([[service, 'success']]);
  });
});

/** The configuration that the first start wrote, with seconds where Prometheus' defaults are minutes. */
function demoConfig(genesis: Genesis): Config {
  const file = path.join(genesis.home, 'genesis.yaml');
  if (!existsSync(file)) throw new Error(`the first start wrote no ${file}`);
  const raw = parse(readFileSync(file, 'utf8')) as Record<string, Record<string, unknown>>;
  return Config.parse({
    ...raw,
    api: { ...raw['api'], listen: new URL(genesis.url).host },
    collectors: { ...raw['collectors'], scrape_interval: '1s' },
    rules: { ...raw['rules'], evaluation_interval: '1s' },
  });
}
