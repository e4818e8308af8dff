import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { startHttpSink, type HttpSink } from './http-sink.ts';
import { startSmtpSink, type Mail, type SmtpSink } from './smtp.ts';

export interface SlackMessage {
  readonly channel: string;
  readonly attachments: readonly {
    readonly title: string;
    readonly text: string;
    readonly color: string;
    readonly actions: readonly { readonly text: string; readonly url: string }[];
  }[];
}

export interface PagerDutyEvent {
  readonly routing_key: string;
  readonly dedup_key: string;
  readonly event_action: 'trigger' | 'resolve';
  readonly payload: Readonly<Record<string, unknown>>;
  readonly client: string;
  readonly client_url: string;
  readonly links: readonly { readonly href: string; readonly text: string }[];
}

export interface WebhookMessage {
  readonly status: string;
  readonly receiver: string;
  readonly groupLabels: Readonly<Record<string, string>>;
  readonly alerts: readonly { readonly status: string; readonly labels: Readonly<Record<string, string>> }[];
}

/** Stands for everything that a message can go to. */
export interface MessageSinks {
  readonly http: HttpSink;
  /** Section `alertmanager` of a configuration that tells all of them, with its secrets in files of that folder. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Messages, oldest first, whose title holds the text. */
  slack(title?: string): readonly SlackMessage[];
  /** Events of all incidents, or of those that an alert of that name opened. */
  pages(alertname?: string): readonly PagerDutyEvent[];
  webhooks(alertname: string): readonly WebhookMessage[];
  mails(subject: string): readonly Mail[];
  stop(): Promise<void>;
}

/** What must never be shown. */
export const messageSecrets = {
  slackPath: '/services/T000/secret-hook-token',
  routingKey: 'routing-key-that-nobody-may-see',
  mailPassword: 'mail-password-that-nobody-may-see',
};

export async function startMessageSinks(folder: string): Promise<MessageSinks> {
  const http = await startHttpSink();
  const smtp = await startSmtpSink();
  const { slackPath } = messageSecrets;
  return {
    http,
    config: configFor(folder, http, smtp),
    slack: (title = '') =>
      http
        .received<SlackMessage>(slackPath)
        // A message that did not come by Alertmanager has none.
        .filter(({ attachments = [] }) => (attachments[0]?.title ?? '').includes(title)),
    pages: (alertname) => {
      const all = http.received<PagerDutyEvent>('/pagerduty');
      // The end of an incident carries no class, only its key.
      const keys = all.filter(({ payload }) => payload['class'] === alertname).map(({ dedup_key }) => dedup_key);
      return alertname === undefined ? all : all.filter(({ dedup_key }) => keys.includes(dedup_key));
    },
    webhooks: (alertname) =>
      http.received<WebhookMessage>('/webhook').filter(({ groupLabels }) => groupLabels['alertname'] === alertname),
    mails: (subject) => smtp.mails().filter(({ headers }) => headers['subject']?.includes(subject)),
    stop: async () => {
      await http.stop();
      await smtp.stop();
    },
  };
}

function configFor(folder: string, http: HttpSink, smtp: SmtpSink): Readonly<Record<string, unknown>> {
  const secret = (name: string, text: string): string => {
    const file = path.join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  return {
    email: {
      to: ['dr-team@example.org'],
      from: 'genesis@example.org',
      smarthost: smtp.address,
      auth_username: 'genesis',
      // Alertmanager 0.25 would send a line end as a part of the password; it trims the two others.
      auth_password_file: secret('mail-password', messageSecrets.mailPassword),
      require_tls: false,
    },
    slack: {
      api_url_file: secret('slack-url', `${http.url}${messageSecrets.slackPath}\n`),
      warning_channel: '#dr-warnings',
    },
    pagerduty: {
      routing_key_file: secret('pagerduty-key', `${messageSecrets.routingKey}\n`),
      url: `${http.url}/pagerduty`,
    },
    webhook_url: `${http.url}/webhook`,
    deadman: { url: `${http.url}/deadman` },
    escalation: { email_to: ['head@example.org'] },
  };
}

/** For waits: the list, or null while it is empty. */
export function notEmpty<T>(list: readonly T[]): readonly T[] | null {
  return list.length > 0 ? list : null;
}
