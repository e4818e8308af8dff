// Generated from genesis.yaml by `genesis generate`: do not edit.
// Made by genesis 0.1.0 from the configuration eb3d4550d34b2806.
{
  _config+:: {
    // How your Prometheus selects the series of Genesis; replaces the generated job in every expression.
    genesisSelector: 'job="genesis_dr"',
    // Added to the tags of every dashboard.
    dashboardTags: ['genesis-dr'],
  },

  local cfg = self._config,
  local generated = 'job="genesis_dr"',
  local chosen(group) = group { rules: [rule { expr: std.strReplace(rule.expr, generated, cfg.genesisSelector) } for rule in group.rules] },
  local groupsOf(file) = [chosen(group) for group in file.groups],

  prometheusAlerts+:: { groups+: groupsOf(import 'prometheus_alerts.json') },
  prometheusRules+:: { groups+: groupsOf(import 'prometheus_rules.json') },

  grafanaDashboardFolder:: 'Genesis DR',
  grafanaDashboards+:: {
    'dr-overview.json': (import 'dashboards/dr-overview.json') { tags: std.setUnion(super.tags, std.set(cfg.dashboardTags)) },
    'backup-status.json': (import 'dashboards/backup-status.json') { tags: std.setUnion(super.tags, std.set(cfg.dashboardTags)) },
    'replication.json': (import 'dashboards/replication.json') { tags: std.setUnion(super.tags, std.set(cfg.dashboardTags)) },
    'recovery.json': (import 'dashboards/recovery.json') { tags: std.setUnion(super.tags, std.set(cfg.dashboardTags)) },
    'dr-tests.json': (import 'dashboards/dr-tests.json') { tags: std.setUnion(super.tags, std.set(cfg.dashboardTags)) },
    'system-health.json': (import 'dashboards/system-health.json') { tags: std.setUnion(super.tags, std.set(cfg.dashboardTags)) },
    'performance.json': (import 'dashboards/performance.json') { tags: std.setUnion(super.tags, std.set(cfg.dashboardTags)) },
    'scaling.json': (import 'dashboards/scaling.json') { tags: std.setUnion(super.tags, std.set(cfg.dashboardTags)) },
    'regions.json': (import 'dashboards/regions.json') { tags: std.setUnion(super.tags, std.set(cfg.dashboardTags)) },
    'data-quality.json': (import 'dashboards/data-quality.json') { tags: std.setUnion(super.tags, std.set(cfg.dashboardTags)) },
    'exporter.json': (import 'dashboards/exporter.json') { tags: std.setUnion(super.tags, std.set(cfg.dashboardTags)) },
  },
}
