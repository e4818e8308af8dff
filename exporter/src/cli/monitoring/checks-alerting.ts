import { humanDuration } from '../format.ts';
import type { AlertmanagerFacts, Facts } from './facts.ts';
import { isOlder } from './checks-prometheus.ts';
import { ofPrometheus } from './checks-scrape.ts';
import { failed, fine, judged, listed, notKnown, warn, type Check, type Verdict } from './finding.ts';

export const watchdog = 'GenesisDRWatchdog';
/** `rules.alert.resend-delay` of Prometheus, unless it is changed. */
const resendSeconds = 60;
const watchdogMaxAgeSeconds = 300;
const name = 'set alertmanager.url in genesis.yaml, or give --alertmanager URL';

function ofAlertmanager(
  id: string,
  title: string,
  judge: (alertmanager: AlertmanagerFacts, facts: Facts) => Verdict,
): Check {
  return {
    id,
    title,
    judge: (facts) =>
      facts.alertmanager === null ? notKnown('no Alertmanager is named', name) : judge(facts.alertmanager, facts),
  };
}

const reachable = ofAlertmanager('alertmanager_reachable', 'Alertmanager answers', ({ url, version }) => {
  if (!version.known) return failed(`${url}: ${version.why}`, 'start Alertmanager, or mend alertmanager.url');
  return isOlder(version.value, [0, 25])
    ? warn(`${url} is ${version.value}`, 'use 0.25 or later: older ones refuse the generated configuration')
    : fine(`${url}, version ${version.value}`);
});

const connected = ofPrometheus('alertmanager_connected', 'Prometheus sends to an Alertmanager', (prometheus) =>
  judged(prometheus.alertmanagers, 'see the log of Prometheus', (addresses) =>
    addresses.length === 0
      ? failed(
          'Prometheus knows none',
          'add `alerting.alertmanagers` to prometheus.yml (generated ones have it) and reload',
        )
      : fine(listed(addresses.map((address) => address.replace(/\/api\/v\d\/alerts$/, '')))),
  ),
);

const arriving = ofAlertmanager('watchdog_arrives', 'the Watchdog arrives in Alertmanager', (alertmanager, facts) =>
  judged(alertmanager.watchdogs, 'start Alertmanager', (alerts) => {
    const { now, expected } = facts;
    const own = alerts.filter((alert) => [undefined, expected.cluster].includes(alert.labels['cluster']));
    const ages = own.map((alert) => (+now - Date.parse(alert.updatedAt)) / 1000);
    const mend =
      'see rules_loaded and alertmanager_connected; prometheus_notifications_errors_total counts what was lost';
    if (ages.length === 0) {
      return startedJustNow(facts)
        ? notKnown(
            'not there yet: Prometheus has just started, and repeats alerts once a minute',
            'ask again in a minute',
          )
        : failed(`Alertmanager holds no ${watchdog} of cluster ${expected.cluster}: alerts do not arrive`, mend);
    }
    const youngest = Math.min(...ages);
    return youngest > watchdogMaxAgeSeconds
      ? failed(`it last arrived ${humanDuration(Math.round(youngest))} ago`, mend)
      : fine(`${humanDuration(Math.max(0, Math.round(youngest)))} ago`);
  }),
);

/** What fires before Prometheus has found its Alertmanagers is dropped, and sent again a minute later. */
function startedJustNow({ now, prometheus }: Facts): boolean {
  if (prometheus?.runtime.known !== true) return false;
  return (+now - Date.parse(prometheus.runtime.value.startTime)) / 1000 < 2 * resendSeconds;
}

const dashboards: Check = {
  id: 'dashboards_present',
  title: 'the dashboards are in Grafana',
  judge: ({ grafana, expected }) => {
    if (grafana === null)
      return notKnown('no Grafana is named', 'set grafana.url in genesis.yaml, or give --grafana URL');
    return judged(
      grafana.dashboards,
      `see whether ${grafana.url} runs, and whether grafana.token may read dashboards (role Viewer)`,
      (uids) => {
        const missing = expected.dashboards.filter((uid) => !uids.includes(uid));
        return missing.length === 0
          ? fine(`${expected.dashboards.length} dashboards`)
          : failed(
              `missing: ${listed(missing)}`,
              'provision the folder of generated dashboards, as docs/provisioning.md says',
            );
      },
    );
  },
};

export const alertingChecks: readonly Check[] = [reachable, connected, arriving];
/** Asked only where a Grafana is named: not everybody has one. */
export const grafanaChecks: readonly Check[] = [dashboards];
