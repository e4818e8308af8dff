import type { CheckKind } from '../../contract/health.ts';
import { probeDisk } from './disk/probe.ts';
import { probeHttp } from './http/probe.ts';
import type { CheckTarget, Probe, ProbeContext, Seen } from './port.ts';
import { probePostgres } from './postgres/probe.ts';
import { probeProcess } from './process/probe.ts';
import { loadRedisClient, probeRedis } from './redis/probe.ts';
import { probeTcp } from './tcp/probe.ts';

/** Every kind there is, listed explicitly; the configuration's kinds are the same. */
export const probes: { readonly [K in CheckKind]: Probe<K> } = {
  postgres: probePostgres,
  redis: probeRedis,
  http: probeHttp,
  tcp: probeTcp,
  process: probeProcess,
  disk: probeDisk,
};

/** Loads what probes of the kind need, before their time is taken. */
export async function prepareProbe(kind: CheckKind): Promise<void> {
  if (kind === 'redis') await loadRedisClient();
}

export function probeOnce(target: CheckTarget, context: ProbeContext): Promise<Seen> {
  switch (target.kind) {
    case 'postgres':
      return probes.postgres(target, context);
    case 'redis':
      return probes.redis(target, context);
    case 'http':
      return probes.http(target, context);
    case 'tcp':
      return probes.tcp(target, context);
    case 'process':
      return probes.process(target, context);
    case 'disk':
      return probes.disk(target, context);
  }
}
