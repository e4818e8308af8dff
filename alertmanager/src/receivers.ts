import { alertmanagerReads, receiverNames } from '@genesis-dr/exporter/config';
import type { Config, ReceiverName } from '@genesis-dr/exporter/config';
import { escalationReceiver, targetsOf, type Target } from './targets.ts';

/** What to set in genesis.yaml so that a receiver tells somebody. */
const mends: Readonly<Record<ReceiverName, string>> = {
  dr_team: 'alertmanager.email',
  dr_critical: 'alertmanager.slack.api_url_file or alertmanager.pagerduty.routing_key_file',
  dr_warning: 'alertmanager.slack.api_url_file or alertmanager.email',
  dr_escalation: 'alertmanager.escalation.email_to or alertmanager.escalation.routing_key_file',
  dr_webhook: 'alertmanager.webhook_url',
  dr_deadman: 'alertmanager.deadman.url',
};

/** The receivers that the routes may name: these four always, the others where somebody is told by them. */
export function receiversInUse(config: Config): readonly ReceiverName[] {
  const targets = targetsOf(config);
  const always: readonly ReceiverName[] = ['dr_team', 'dr_critical', 'dr_warning', 'dr_deadman'];
  return receiverNames.filter(
    (name) => always.includes(name) || targets[name].length > 0 || escalationReceiver(config) === name,
  );
}

/** The section `receivers`: `null` first, then each receiver with what is configured for it. */
export function receivers(config: Config): Record<string, unknown>[] {
  const targets = targetsOf(config);
  return [
    { name: 'null' },
    ...receiversInUse(config).map((name) => ({
      name,
      ...Object.fromEntries(
        targets[name].map((target) => [`${target.kind}_configs`, [integration(config, name, target)]]),
      ),
    })),
  ];
}

/** One line for each receiver that tells nobody, with its mend. Empty when all do. */
export function silentReceivers(config: Config): string[] {
  const targets = targetsOf(config);
  return receiversInUse(config)
    .filter((name) => targets[name].length === 0)
    .map((name) => `${name} tells nobody yet: set ${mends[name]} in genesis.yaml and generate again.`);
}

function integration({ alertmanager }: Config, name: ReceiverName, target: Target): Record<string, unknown> {
  switch (target.kind) {
    case 'email':
      return emailConfig(alertmanager.email, target.to);
    case 'slack':
      return { ...slackConfig(target), ...timeoutSince(alertmanager, 30) };
    case 'pagerduty':
      return { ...pagerDutyConfig(target), ...timeoutSince(alertmanager, 30) };
    case 'webhook':
      return {
        ...(target.urlFile === null ? { url: target.url } : { url_file: target.urlFile }),
        // The dead man's switch waits for the next beat; an end of the Watchdog would count as one.
        send_resolved: name !== 'dr_deadman',
        ...timeoutSince(alertmanager, 28),
      };
  }
}

/** A target that hangs must not use up the time that is left for the retry. */
function timeoutSince(alertmanager: Config['alertmanager'], minor: number): Record<string, unknown> {
  return alertmanagerReads(alertmanager, minor) ? { timeout: '10s' } : {};
}

function emailConfig(email: Config['alertmanager']['email'], to: readonly string[]): Record<string, unknown> {
  return {
    to: to.join(', '),
    from: email.from,
    smarthost: email.smarthost,
    ...(email.auth_username === null
      ? {}
      : { auth_username: email.auth_username, auth_password_file: email.auth_password_file }),
    require_tls: email.require_tls,
    send_resolved: true,
    headers: { Subject: '{{ template "genesis.subject" . }}' },
    html: '{{ template "genesis.email.html" . }}',
    text: '{{ template "genesis.email.text" . }}',
  };
}

function slackConfig({ apiUrlFile, channel }: Target & { kind: 'slack' }): Record<string, unknown> {
  return {
    api_url_file: apiUrlFile,
    channel,
    send_resolved: true,
    username: 'Genesis DR',
    color: '{{ template "genesis.slack.color" . }}',
    title: '{{ template "genesis.slack.title" . }}',
    title_link: '{{ template "genesis.dashboard_url" . }}',
    text: '{{ template "genesis.slack.text" . }}',
    fallback: '{{ template "genesis.slack.title" . }}',
    footer: '{{ template "genesis.slack.footer" . }}',
    mrkdwn_in: ['text'],
    actions: links.map(({ text, template }) => ({ type: 'button', text, url: `{{ template "${template}" . }}` })),
  };
}

function pagerDutyConfig({ routingKeyFile, url }: Target & { kind: 'pagerduty' }): Record<string, unknown> {
  return {
    routing_key_file: routingKeyFile,
    url,
    send_resolved: true,
    description: '{{ template "genesis.pagerduty.description" . }}',
    severity: '{{ template "genesis.pagerduty.severity" . }}',
    class: '{{ .CommonLabels.alertname }}',
    component: '{{ .CommonLabels.component }}',
    group: '{{ template "genesis.pagerduty.group" . }}',
    client: 'Genesis DR',
    client_url: '{{ template "genesis.dashboard_url" . }}',
    links: links.map(({ text, template }) => ({ href: `{{ template "${template}" . }}`, text })),
    details: {
      firing: '{{ template "genesis.list.firing" . }}',
      resolved: '{{ template "genesis.list.resolved" . }}',
      num_firing: '{{ .Alerts.Firing | len }}',
      num_resolved: '{{ .Alerts.Resolved | len }}',
      cluster: '{{ .CommonLabels.cluster }}',
      region: '{{ .CommonLabels.region }}',
      service: '{{ .CommonLabels.service }}',
      team: '{{ .CommonLabels.team }}',
      runbook: '{{ template "genesis.runbook_url" . }}',
    },
  };
}

const links = [
  { text: 'Runbook', template: 'genesis.runbook_url' },
  { text: 'Dashboard', template: 'genesis.dashboard_url' },
  { text: 'Genesis DR', template: 'genesis.plugin_url' },
];
