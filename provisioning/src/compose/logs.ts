/** Loki as one process with its data on a volume, for two weeks. */
export const lokiDocument = {
  auth_enabled: false,
  server: { http_listen_port: 3100 },
  common: {
    instance_addr: '127.0.0.1',
    path_prefix: '/loki',
    replication_factor: 1,
    ring: { kvstore: { store: 'inmemory' } },
    storage: { filesystem: { chunks_directory: '/loki/chunks', rules_directory: '/loki/rules' } },
  },
  schema_config: {
    configs: [
      {
        from: '2025-01-01',
        store: 'tsdb',
        object_store: 'filesystem',
        schema: 'v13',
        index: { prefix: 'index_', period: '24h' },
      },
    ],
  },
  limits_config: { retention_period: '336h' },
  compactor: { working_directory: '/loki/compactor', retention_enabled: true, delete_request_store: 'filesystem' },
  analytics: { reporting_enabled: false },
};

/** Tempo as one process with its data on a volume, for two weeks; takes OTLP over gRPC and HTTP. */
export const tempoDocument = {
  server: { http_listen_port: 3200 },
  distributor: {
    receivers: { otlp: { protocols: { grpc: { endpoint: '0.0.0.0:4317' }, http: { endpoint: '0.0.0.0:4318' } } } },
  },
  compactor: { compaction: { block_retention: '336h' } },
  storage: { trace: { backend: 'local', wal: { path: '/var/tempo/wal' }, local: { path: '/var/tempo/blocks' } } },
  usage_report: { reporting_enabled: false },
};
