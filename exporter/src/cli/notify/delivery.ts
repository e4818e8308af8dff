import type { Target } from '#generators/alertmanager';

/** What became of one message to one target. `unknown` is never counted as delivered. */
export interface Delivery {
  readonly receiver: string;
  readonly kind: Target['kind'] | 'alertmanager';
  /** For people: channel, addresses or host; never a secret. */
  readonly target: string;
  readonly state: 'delivered' | 'failed' | 'unknown' | 'not_tried';
  readonly detail: string;
}

/** How a target is named in the output. Addresses may hold a credential in path or query, so only the host is shown. */
export function targetName(target: Target): string {
  switch (target.kind) {
    case 'email':
      return `e-mail to ${target.to.join(', ')}`;
    case 'slack':
      return `Slack ${target.channel}`;
    case 'pagerduty':
      return `PagerDuty (${new URL(target.url).host})`;
    case 'webhook':
      return target.url === null ? `webhook (address in ${target.urlFile})` : `webhook (${new URL(target.url).host})`;
  }
}

/** Alertmanager's counters of one integration. */
export interface Attempts {
  readonly requests: number;
  readonly failedRequests: number;
  /** Given up for good: not retried, or its time was over. */
  readonly failedNotifications: number;
}

/** Counters by integration, from the text of Alertmanager's /metrics; further labels (receiver, reason) are summed. */
export function readAttempts(page: string, integration: string): Attempts | null {
  const sum = (name: string): number | null => {
    const lines = [...page.matchAll(new RegExp(`^alertmanager_${name}\\{([^}]*)\\} (\\S+)`, 'gm'))].filter(
      ([, labels = '']) => labels.split(',').includes(`integration="${integration}"`),
    );
    return lines.length === 0 ? null : lines.reduce((total, [, , value]) => total + Number(value), 0);
  };
  const requests = sum('notification_requests_total');
  const failedRequests = sum('notification_requests_failed_total');
  const failedNotifications = sum('notifications_failed_total');
  if (requests === null || failedRequests === null || failedNotifications === null) return null;
  return { requests, failedRequests, failedNotifications };
}

/**
 * What the counters say of our message; null: nothing yet. They count every message of that kind, so an attempt that fails
 * beside one that works proves nothing about ours.
 */
export function judgeAttempts(before: Attempts, after: Attempts): Pick<Delivery, 'state' | 'detail'> | null {
  const requests = after.requests - before.requests;
  const failed = after.failedRequests - before.failedRequests;
  const givenUp = after.failedNotifications - before.failedNotifications;
  if (requests === 0) return null;
  if (failed === 0) {
    const others = requests > 1 ? `, among ${requests} messages of this kind` : '';
    return { state: 'delivered', detail: `Alertmanager handed it over${others}` };
  }
  if (failed === requests) {
    if (givenUp === 0) return null; // it is tried again; only the end of our patience ends the wait
    return { state: 'failed', detail: 'the target refused it; the reason stands in the log of Alertmanager' };
  }
  return { state: 'unknown', detail: `${failed} of ${requests} attempts of this kind failed, ours may be one of them` };
}

/** The last word when the wait is over. */
export function judgeAtTheEnd(
  before: Attempts,
  after: Attempts,
  waitedSeconds: number,
): Pick<Delivery, 'state' | 'detail'> {
  const failed = after.failedRequests - before.failedRequests;
  return (
    judgeAttempts(before, after) ??
    (failed > 0
      ? {
          state: 'failed',
          detail: `${failed} attempts failed within ${waitedSeconds} s and Alertmanager tries on; the reason stands in its log`,
        }
      : { state: 'unknown', detail: `Alertmanager took the alert, but no attempt was seen within ${waitedSeconds} s` })
  );
}
