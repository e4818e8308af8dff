import { common } from './common.ts';
import { email } from './email.ts';
import { pagerduty } from './pagerduty.ts';
import { slack } from './slack.ts';

/** Every template that the receivers name, as one file for Alertmanager. */
export const messageTemplates = [common, slack, pagerduty, email].map((part) => part.trimStart()).join('\n');
