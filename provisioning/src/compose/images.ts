/** Pinned, so that two installations are the same; a new one is tried before it stands here. */
export const images = {
  prometheus: 'prom/prometheus:v3.13.2',
  alertmanager: 'prom/alertmanager:v0.33.1',
  grafana: 'grafana/grafana:12.4.10',
  nodeExporter: 'prom/node-exporter:v1.12.1',
  loki: 'grafana/loki:3.6.10',
  tempo: 'grafana/tempo:2.9.4',
} as const;
