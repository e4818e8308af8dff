import { loadConfig } from '../config/index.ts';
import { fail, ok, type Outcome } from '../contract/errors.ts';
import type { CommandContext } from './context.ts';
import { exitCodes, type ExitCode } from './exit.ts';
import type { Register } from './options.ts';

const timeoutMs = 10_000;

export const registerNotify: Register = (program, run) => {
  const notify = program.command('notify').description('Where alerts go');
  notify
    .command('test')
    .description('Send a test alert to alertmanager.webhook_url, in the form Alertmanager sends')
    .action(run(sendTest));
};

async function sendTest(context: CommandContext): Promise<Outcome<ExitCode>> {
  const loaded = loadConfig(context.place.configPath, context.deps.env, { home: context.place.home });
  if (!loaded.ok) return loaded;
  const { cluster, alertmanager } = loaded.value.config;
  if (alertmanager.webhook_url === null) {
    return fail('config_invalid', `alertmanager.webhook_url is not set in ${loaded.value.path}: nobody would be told`);
  }
  // The address may hold a credential in its path or query, so only the host is shown.
  const { host } = new URL(alertmanager.webhook_url);
  const body = JSON.stringify(testMessage(cluster, context.deps.clock.now().toISOString()));
  let status: number;
  try {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body, redirect: 'manual' } as const;
    const reply = await context.deps.fetch(alertmanager.webhook_url, {
      ...init,
      signal: AbortSignal.timeout(timeoutMs),
    });
    await reply.body?.cancel();
    status = reply.status;
  } catch (thrown) {
    return fail('io_failed', `${host} does not take the alert`, { cause: thrown });
  }
  if (status < 200 || status >= 300) return fail('io_failed', `${host} answered ${status} to the test alert`);
  context.emit({ host, status }, () => `${host} took the test alert (${status})\n`);
  return ok(exitCodes.done);
}

/** Webhook message of Alertmanager, version 4. Source: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config */
function testMessage(cluster: string, now: string): Record<string, unknown> {
  const labels = { alertname: 'GenesisNotifyTest', cluster, severity: 'info', system: 'genesis-dr' };
  const annotations = {
    summary: 'Test alert from `genesis notify test`',
    description: 'Nothing is wrong: somebody tried whether alerts arrive.',
  };
  return {
    version: '4',
    groupKey: `{}:{alertname="${labels.alertname}"}`,
    truncatedAlerts: 0,
    status: 'firing',
    receiver: 'dr_team',
    groupLabels: { alertname: labels.alertname },
    commonLabels: labels,
    commonAnnotations: annotations,
    externalURL: '',
    alerts: [
      {
        status: 'firing',
        labels,
        annotations,
        startsAt: now,
        endsAt: '0001-01-01T00:00:00Z',
        generatorURL: '',
        fingerprint: '',
      },
    ],
  };
}
