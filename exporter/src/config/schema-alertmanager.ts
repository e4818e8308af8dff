import { z } from 'zod';
import { protectedServer } from './secret-ref.ts';
import { duration, notation } from './units.ts';

// Who is told of an alert, how and when. Secrets are named by file: Alertmanager reads them, never this program's output.

/** Receivers of the generated configuration that a person may be told through; `null` tells nobody. */
export const receiverNames = [
  'dr_team',
  'dr_critical',
  'dr_warning',
  'dr_escalation',
  'dr_webhook',
  'dr_deadman',
] as const;
export type ReceiverName = (typeof receiverNames)[number];

export const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
export type Weekday = (typeof weekdays)[number];

const url = () => z.url({ protocol: /^https?$/, error: 'must be an http or https address' }).meta(notation('url'));
const file = () =>
  z
    .string()
    .refine((path) => path.startsWith('/') && !path.includes('\0'), { error: 'must be an absolute path' })
    .meta(notation('path'));
const address = z.string().regex(/^[^\s@<>,]+@[^\s@<>,]+$/, { error: 'must be an e-mail address' });
const timeOfDay = z
  .string()
  .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, { error: 'must be a time of day in quotes, "00:00" to "24:00"' });

const Email = z
  .strictObject({
    to: z.array(address).default([]).describe('Who receives the e-mails; empty: none are sent.'),
    from: address.nullable().default(null).describe('Sender; needed with `to`.'),
    smarthost: z
      .string()
      .regex(/^(\[[\da-f:]+\]|[^\s:/]+):\d{1,5}$/i, { error: 'must be host:port' })
      .nullable()
      .default(null)
      .describe('host:port of the SMTP server; needed with `to`.'),
    auth_username: z.string().min(1).nullable().default(null).describe('Name at the SMTP server. null: no login.'),
    auth_password_file: file()
      .nullable()
      .default(null)
      .describe('File with the password, without a line end; needed with auth_username. Alertmanager reads it.'),
    require_tls: z.boolean().default(true).describe('Send only over STARTTLS; false only on the own machine.'),
  })
  .prefault({})
  .describe('E-mail of dr_team: critical alerts, and all that has no receiver of its own.');

const Slack = z
  .strictObject({
    api_url_file: file()
      .nullable()
      .default(null)
      .describe('File with the address of the incoming webhook. null: nothing goes to Slack.'),
    channel: z.string().min(1).default('#dr-alerts').describe('Channel of critical alerts.'),
    warning_channel: z.string().min(1).nullable().default(null).describe('Channel of warnings. null: the same.'),
  })
  .prefault({})
  .describe('Slack: critical alerts (dr_critical) and warnings (dr_warning).');

const PagerDuty = z
  .strictObject({
    routing_key_file: file()
      .nullable()
      .default(null)
      .describe('File with the integration key of an Events API v2 service. null: nobody is paged.'),
    url: url().default('https://events.pagerduty.com/v2/enqueue').describe('Address of the Events API v2.'),
  })
  .prefault({})
  .describe('PagerDuty: critical alerts (dr_critical), one incident an alert and service.');

const Deadman = z
  .strictObject({
    url: url()
      .nullable()
      .default(null)
      .describe(
        'Gets the Watchdog about once a minute and calls somebody when it stops. Stands in the generated file.',
      ),
    url_file: file()
      .nullable()
      .default(null)
      .describe('File with that address instead, so that it stands nowhere else; needs version 0.28.'),
  })
  .prefault({})
  .describe("Dead man's switch outside of this cluster (dr_deadman): notices when nothing here can alert any more.");

const QuietHours = z
  .strictObject({
    time_zone: z.string().default('UTC').describe('IANA time zone of the periods, e.g. Europe/Berlin.'),
    periods: z
      .array(
        z.strictObject({
          from: timeOfDay.describe('Begin, e.g. "22:00".'),
          to: timeOfDay.describe('End, e.g. "06:00"; earlier than `from`: on the next day.'),
          weekdays: z
            .array(z.enum(weekdays))
            .default([])
            .describe('Days on which the period begins; empty: every day.'),
        }),
      )
      .default([])
      .describe('When warnings wait; empty: never.'),
  })
  .prefault({})
  .describe('When warnings wait until morning. Critical alerts are never held back.');

const Escalation = z
  .strictObject({
    after: duration().default(1800).describe('A critical alert that fires longer raises GenesisDREscalation.'),
    receiver: z
      .enum(receiverNames.filter((name) => name !== 'dr_deadman'))
      .nullable()
      .default(null)
      .describe(
        'Receiver of GenesisDREscalation, told every hour. null: dr_escalation if it has a target, else dr_critical.',
      ),
    email_to: z.array(address).default([]).describe('Whom dr_escalation writes to, by the server of `email`.'),
    routing_key_file: file()
      .nullable()
      .default(null)
      .describe('File with the PagerDuty key of dr_escalation, e.g. that of the second line.'),
  })
  .prefault({})
  .describe('Who is called when nobody mends a critical alert.');

export const AlertmanagerConfig = z
  .strictObject({
    url: url()
      .default('http://127.0.0.1:9093')
      .describe('Where Alertmanager answers: active alerts on the pages, `genesis notify test`, `genesis doctor`.'),
    ...protectedServer('Alertmanager'),
    version: z
      .string()
      .regex(/^0\.(2[5-9]|[3-9]\d)(\.\d+)?$/, { error: 'must be a version from "0.25" on, in quotes' })
      .default('0.25')
      .describe('Oldest Alertmanager that reads the file. 0.28: url_file, time-outs; 0.30: named inhibitions.'),
    group_wait: duration().default(30).describe('Wait before the first notification of a group.'),
    group_interval: duration().default(300).describe('Wait before news of a group that was already notified.'),
    repeat_interval: duration()
      .default(4 * 3600)
      .describe('Wait before an unchanged notification is repeated.'),
    email: Email,
    slack: Slack,
    pagerduty: PagerDuty,
    webhook_url: url()
      .nullable()
      .default(null)
      .describe('Receives every alert at any hour (dr_webhook); without user and password. null: none.'),
    webhook_url_file: file().nullable().default(null).describe('File with that address instead; needs version 0.28.'),
    deadman: Deadman,
    quiet_hours: QuietHours,
    escalation: Escalation,
  })
  .prefault({})
  .describe('What `genesis generate` writes into the Alertmanager configuration.');
export type AlertmanagerConfig = z.output<typeof AlertmanagerConfig>;
