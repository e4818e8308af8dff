import type { Config } from '../../config/index.ts';
import { OpError, ok, type Outcome } from '../../contract/errors.ts';
import type { GeneratedFile } from '../generated-files.ts';

/** The rule files alone. Errors: `config_invalid`. The generators are loaded only where they are needed. */
export async function generatedRules(config: Config): Promise<Outcome<readonly GeneratedFile[]>> {
  const rules = await import('#generators/rules');
  return caught(() => rules.generate(config));
}

/** The dashboards alone; each file is named after its uid. */
export async function generatedDashboards(config: Config): Promise<Outcome<readonly GeneratedFile[]>> {
  const dashboards = await import('#generators/dashboards');
  return caught(() => dashboards.generate(config).filter((file) => file.path.endsWith('.json')));
}

/** All that a Prometheus, an Alertmanager and a Grafana on this machine need. `at`: host:port of the first two. */
export async function generatedForStack(
  config: Config,
  at: { readonly prometheus: string; readonly alertmanager: string },
): Promise<Outcome<readonly GeneratedFile[]>> {
  const [rules, receivers, provisioning, dashboards] = await Promise.all([
    generatedRules(config),
    import('#generators/alertmanager'),
    import('#generators/provisioning'),
    generatedDashboards(config),
  ]);
  if (!rules.ok) return rules;
  if (!dashboards.ok) return dashboards;
  return caught(() => [
    ...rules.value,
    ...receivers.generate(config),
    ...provisioning.generate(config, { alertmanagers: [at.alertmanager], prometheus: [at.prometheus] }),
    ...dashboards.value,
  ]);
}

function caught<T>(make: () => T): Outcome<T> {
  try {
    return ok(make());
  } catch (thrown) {
    if (thrown instanceof OpError) return { ok: false, error: thrown };
    throw thrown;
  }
}
