import { compactJson, filesBelow, head, type File } from './file.ts';
import { groupsWith, ruleFilesOf } from './rule-groups.ts';

const folder = 'provisioning/generated/mixin';

/**
 * The same rules and dashboards for users of jsonnet, in the layout that monitoring mixins share. What others set differently, the
 * selector of the job and the tags of the dashboards, is in `_config`; thresholds need no jsonnet, they are metrics.
 */
export function mixinFiles(job: string, parts: readonly File[]): File[] {
  const rules = ruleFilesOf(parts);
  const dashboards = filesBelow(parts, 'dashboards/generated').filter(({ path }) => path.endsWith('.json'));
  return [
    {
      path: `${folder}/mixin.libsonnet`,
      content: libsonnet(
        job,
        dashboards.map(({ path }) => path),
      ),
    },
    jsonFile('prometheus_alerts.json', { groups: groupsWith(rules, (rule) => rule.alert !== undefined) }),
    jsonFile('prometheus_rules.json', { groups: groupsWith(rules, (rule) => rule.record !== undefined) }),
    jsonFile('jsonnetfile.json', { version: 1, dependencies: [], legacyImports: true }),
    ...dashboards.map(({ path, content }) => ({ path: `${folder}/dashboards/${path}`, content: compactJson(content) })),
  ];
}

function jsonFile(name: string, document: unknown): File {
  return { path: `${folder}/${name}`, content: `${JSON.stringify(document, null, 2)}\n` };
}

function libsonnet(job: string, dashboards: readonly string[]): string {
  const selector = `job=${JSON.stringify(job)}`;
  const lines = dashboards.map(
    (path) =>
      `    ${quoted(path)}: (import ${quoted(`dashboards/${path}`)}) { tags: std.setUnion(super.tags, std.set(cfg.dashboardTags)) },`,
  );
  return `${head.replace('#', '//')}{
  _config+:: {
    // How your Prometheus selects the series of Genesis; replaces the generated job in every expression.
    genesisSelector: ${quoted(selector)},
    // Added to the tags of every dashboard.
    dashboardTags: ['genesis-dr'],
  },

  local cfg = self._config,
  local generated = ${quoted(selector)},
  local chosen(group) = group { rules: [rule { expr: std.strReplace(rule.expr, generated, cfg.genesisSelector) } for rule in group.rules] },
  local groupsOf(file) = [chosen(group) for group in file.groups],

  prometheusAlerts+:: { groups+: groupsOf(import 'prometheus_alerts.json') },
  prometheusRules+:: { groups+: groupsOf(import 'prometheus_rules.json') },

  grafanaDashboardFolder:: 'Genesis DR',
  grafanaDashboards+:: {
${lines.join('\n')}
  },
}
`;
}

/** A jsonnet text in single quotes. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
}
