import { formatDuration, type Config } from '@genesis-dr/exporter/config';
import { compactJson, filesBelow, yamlFile, type File } from '../file.ts';
import { genesisTarget } from '../prometheus.ts';
import { ruleFilesOf } from '../rule-groups.ts';
import { secretName, toAlertmanagerConfig } from './alertmanager-config.ts';

export const folder = 'provisioning/generated/kubernetes';
const operatorGroup = 'monitoring.coreos.com';
const templatesName = 'genesis-dr-alertmanager-templates';
const tokenSecret = 'genesis-dr-metrics-token';

/** The same rules, routes and dashboards as objects for the Prometheus operator and for Grafana's dashboard sidecar. */
export function kubernetesFiles(config: Config, parts: readonly File[]): File[] {
  const objects = [
    ...ruleFilesOf(parts).map((file) => {
      const name = `genesis-dr-${file.name.replaceAll('_', '-')}`;
      return object(config, `prometheusrule-${file.name}`, `${operatorGroup}/v1`, 'PrometheusRule', name, {
        spec: { groups: file.groups },
      });
    }),
    serviceMonitor(config),
    ...alerting(config, parts),
    ...filesBelow(parts, 'dashboards/generated').map(({ path, content }) => dashboard(config, path, content)),
  ];
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: objects.map(({ path }) => path.slice(folder.length + 1)),
  };
  return [...objects, yamlFile(`${folder}/kustomization.yaml`, kustomization, ['kubectl apply -k .'])];
}

interface Extra {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: unknown;
  readonly data?: Readonly<Record<string, string>>;
  readonly remarks?: readonly string[];
}

function object(config: Config, file: string, apiVersion: string, kind: string, name: string, extra: Extra): File {
  const { namespace, labels } = config.provisioning.kubernetes;
  const metadata = {
    name,
    namespace,
    labels: { 'app.kubernetes.io/name': 'genesis-dr', ...labels, ...extra.labels },
    ...(extra.annotations === undefined ? {} : { annotations: extra.annotations }),
  };
  const body = extra.spec === undefined ? { data: extra.data } : { spec: extra.spec };
  return yamlFile(`${folder}/${file}.yaml`, { apiVersion, kind, metadata, ...body }, extra.remarks);
}

function serviceMonitor(config: Config): File {
  const { tls_secret: caSecret } = config.provisioning.kubernetes;
  const { loopback } = genesisTarget(config);
  const tls = config.api.tls !== null;
  const open = config.metrics.open || loopback;
  const endpoint = {
    port: 'http',
    path: '/metrics',
    interval: formatDuration(config.collectors.scrape_interval),
    // The labels cluster and service of Genesis count; without this they would become exported_service and no rule would match.
    honorLabels: true,
    ...(tls ? { scheme: 'https' } : {}),
    ...(tls && caSecret !== null ? { tlsConfig: { ca: { secret: { name: caSecret, key: 'ca.crt' } } } } : {}),
    ...(open ? {} : { authorization: { type: 'Bearer', credentials: { name: tokenSecret, key: 'token' } } }),
    relabelings: [
      { targetLabel: 'job', replacement: config.rules.job },
      { targetLabel: 'cluster', replacement: config.cluster },
    ],
  };
  return object(config, 'servicemonitor', `${operatorGroup}/v1`, 'ServiceMonitor', 'genesis-dr', {
    spec: { selector: { matchLabels: { 'app.kubernetes.io/name': 'genesis-dr' } }, endpoints: [endpoint] },
    remarks: [
      'Finds the Service with the label app.kubernetes.io/name: genesis-dr and its port http.',
      ...(loopback
        ? ['Genesis listens on loopback only and cannot be reached from a pod: set api.listen, and api.tls with it.']
        : []),
      ...(open ? [] : [`The token: kubectl create secret generic ${tokenSecret} --from-file=token=FILE`]),
    ],
  });
}

function alerting(config: Config, parts: readonly File[]): File[] {
  const files = filesBelow(parts, 'alertmanager/generated');
  const main = files.find(({ path }) => path === 'alertmanager.yml');
  if (main === undefined) return [];
  const { spec, secretKeys, lost } = toAlertmanagerConfig(main.content);
  const templates = files
    .filter(({ path }) => path.endsWith('.tmpl'))
    .map(({ path, content }) => [path.replace(/^.*\//, ''), content]);
  const fromFiles = [...secretKeys].map(([key, file]) => `--from-file=${key}=${file}`);
  const routes = object(config, 'alertmanagerconfig', `${operatorGroup}/v1alpha1`, 'AlertmanagerConfig', 'genesis-dr', {
    spec,
    remarks: [
      'Make it the main configuration of the Alertmanager object; as one of several the operator would add a matcher on the namespace',
      'to every route, and alerts of Genesis have no such label:',
      '  spec:',
      '    alertmanagerConfiguration:',
      '      name: genesis-dr',
      ...templates.flatMap(([key]) => [
        '      templates:',
        `        - configMap: { name: ${templatesName}, key: ${key} }`,
      ]),
      ...(fromFiles.length === 0
        ? []
        : [`Secrets: kubectl create secret generic ${secretName} ${fromFiles.join(' ')}`]),
      ...lost.map((what) => `Left out: ${what}.`),
    ],
  });
  const texts = object(config, 'alertmanager-templates', 'v1', 'ConfigMap', templatesName, {
    data: Object.fromEntries(templates),
  });
  return templates.length === 0 ? [routes] : [routes, texts];
}

/** The label is the one that Grafana's sidecar looks for unless it was told another. */
function dashboard(config: Config, path: string, content: string): File {
  const name = path.replace(/\.json$/, '');
  return object(config, `dashboard-${name}`, 'v1', 'ConfigMap', `genesis-dr-dashboard-${name}`, {
    labels: { grafana_dashboard: '1' },
    annotations: { grafana_folder: 'Genesis DR' },
    data: { [path]: compactJson(content) },
  });
}
