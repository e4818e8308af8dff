import { z } from 'zod';

// What stands around Genesis: Prometheus' other scrape jobs, the containers, the Kubernetes objects.

const target = z.string().regex(/^[^\s/@]+:\d{1,5}$/, { error: 'must be host:port, e.g. node1:9100' });
const targets = (fallback: readonly string[] = []) => z.array(target).default([...fallback]);
const labelValue = z.string().min(1).max(63);

const Jobs = z
  .strictObject({
    prometheus: targets(['localhost:9090']).describe('Prometheus itself.'),
    node: targets().describe('Node exporters, port 9100: CPU, memory, disks and network of the machines.'),
    postgresql: targets().describe('PostgreSQL exporters, port 9187.'),
    redis: targets().describe('Redis exporters, port 9121.'),
    application: z
      .strictObject({
        job: z.string().min(1).default('tabular-api').describe('Name of its job.'),
        metrics_path: z.string().startsWith('/').default('/metrics').describe('Path of its metrics page.'),
        targets: targets().describe('Instances of the application, e.g. api1:8000.'),
      })
      .prefault({})
      .describe('The application that is protected, where it has metrics of its own.'),
  })
  .prefault({})
  .describe(
    'What Prometheus scrapes beside Genesis, host:port each; the port stays in the label `instance`. Empty: no job.',
  );

const Compose = z
  .strictObject({
    image: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe('Image of Genesis; null: genesis-dr with its own version.'),
    build: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe('Checkout from which Compose builds the image where it is absent; null: it must be there.'),
  })
  .prefault({})
  .describe('For `genesis generate --target compose`.');

const Kubernetes = z
  .strictObject({
    namespace: z
      .string()
      .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, { error: 'must be the name of a namespace' })
      .default('monitoring')
      .describe('Namespace of the objects; that of Prometheus and Alertmanager.'),
    labels: z
      .record(z.string().min(1), labelValue)
      .default({})
      .describe('Labels by which the Prometheus operator selects its objects, e.g. release: kube-prometheus-stack.'),
    tls_secret: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe('Secret whose key ca.crt proves the certificate of Genesis, where api.tls is set.'),
  })
  .prefault({})
  .describe('For `genesis generate --target kubernetes`.');

export const Provisioning = z
  .strictObject({
    environment: labelValue
      .default('production')
      .describe('External label `environment` of everything Prometheus sends on.'),
    alertmanagers: targets(['localhost:9093']).describe('Alertmanagers that Prometheus sends alerts to, and scrapes.'),
    token_file: z
      .string()
      .min(1)
      .default('genesis-metrics-token')
      .describe(
        'File with a token of role metrics, read by Prometheus, relative to prometheus.yml; used beyond loopback.',
      ),
    dashboards_folder: z
      .string()
      .startsWith('/')
      .default('/etc/genesis-dr/dashboards')
      .describe('Where Grafana finds the files of dashboards/generated.'),
    jobs: Jobs,
    compose: Compose,
    kubernetes: Kubernetes,
  })
  .prefault({})
  .describe('What `genesis generate` writes around the rules: scrape jobs, Grafana, containers, Kubernetes objects.');
