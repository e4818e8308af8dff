import type { Config, ReceiverName } from '@genesis-dr/exporter/config';

/** Where one receiver's messages go. Files hold the secret; it never stands here. */
export type Target =
  | { readonly kind: 'email'; readonly to: readonly string[] }
  | { readonly kind: 'slack'; readonly apiUrlFile: string; readonly channel: string }
  | { readonly kind: 'pagerduty'; readonly routingKeyFile: string; readonly url: string }
  /** One of the two is null. */
  | { readonly kind: 'webhook'; readonly url: string | null; readonly urlFile: string | null };

/** Whom each receiver tells, by the configuration alone; an empty list: nobody. At most one target of each kind. */
export function targetsOf({ alertmanager }: Pick<Config, 'alertmanager'>): Readonly<Record<ReceiverName, Target[]>> {
  const { email, slack, pagerduty, deadman, escalation } = alertmanager;
  const mail = emailTo(email.to);
  const chat = slackTo(slack.api_url_file, slack.warning_channel ?? slack.channel);
  return {
    dr_team: mail,
    dr_critical: [
      ...slackTo(slack.api_url_file, slack.channel),
      ...pagerDutyTo(pagerduty.routing_key_file, pagerduty.url),
    ],
    // A team without Slack reads its warnings in the mail; told to nobody they would be of no use.
    dr_warning: chat.length > 0 ? chat : mail,
    dr_escalation: [...emailTo(escalation.email_to), ...pagerDutyTo(escalation.routing_key_file, pagerduty.url)],
    dr_webhook: webhookTo(alertmanager.webhook_url, alertmanager.webhook_url_file),
    dr_deadman: webhookTo(deadman.url, deadman.url_file),
  };
}

/** The receiver of GenesisDREscalation: the configured one, else the first that tells anybody. */
export function escalationReceiver(config: Pick<Config, 'alertmanager'>): ReceiverName {
  const targets = targetsOf(config);
  const usual: readonly ReceiverName[] = ['dr_escalation', 'dr_critical', 'dr_team'];
  return config.alertmanager.escalation.receiver ?? usual.find((name) => targets[name].length > 0) ?? 'dr_critical';
}

function emailTo(to: readonly string[]): Target[] {
  return to.length === 0 ? [] : [{ kind: 'email', to }];
}

function slackTo(apiUrlFile: string | null, channel: string): Target[] {
  return apiUrlFile === null ? [] : [{ kind: 'slack', apiUrlFile, channel }];
}

function pagerDutyTo(routingKeyFile: string | null, url: string): Target[] {
  return routingKeyFile === null ? [] : [{ kind: 'pagerduty', routingKeyFile, url }];
}

function webhookTo(url: string | null, urlFile: string | null): Target[] {
  return url === null && urlFile === null ? [] : [{ kind: 'webhook', url, urlFile }];
}
