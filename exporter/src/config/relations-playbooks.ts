import type { Found } from './relations.ts';
import type { ServiceConfig } from './schema.ts';

/** A playbook is proven by the health checks: without one nothing could be told from success. */
export function* checkPlaybooks(service: ServiceConfig, index: number): Generator<Found> {
  const { playbooks, health } = service;
  if (playbooks.mode === 'off' || health.checks.length > 0) return;
  yield {
    severity: 'fault',
    path: ['services', index, 'playbooks', 'mode'],
    value: playbooks.mode,
    message: 'needs health checks: they say when a playbook is due and whether it helped',
    mend: 'add health.checks, or set mode to off',
  };
}
