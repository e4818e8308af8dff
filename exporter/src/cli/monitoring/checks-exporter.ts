import { humanDuration } from '../format.ts';
import { failed, fine, judged, listed, warn, type Check } from './finding.ts';

const start = 'start it with `genesis serve`, or name it with --server URL';
/** The status page and Prometheus ask every few seconds: an answer this late means that the machine is overloaded. */
const slowSeconds = 2;

const reachable: Check = {
  id: 'exporter_reachable',
  title: 'the exporter answers',
  judge: ({ exporter }) => {
    if (exporter === null) return failed('no server runs on this home', start);
    const { health, url } = exporter;
    if (!health.known) return failed(`${url}/healthz: ${health.why}`, start);
    const { tookSeconds } = health.value;
    return tookSeconds > slowSeconds
      ? warn(`${url}/healthz took ${humanDuration(tookSeconds)}`, 'look what keeps the machine or the disk busy')
      : fine(`${url}/healthz`);
  },
};

const registered: Check = {
  id: 'metrics_registered',
  title: 'every metric of the catalogue is registered',
  judge: ({ exporter, expected }) => {
    if (exporter === null) return failed('there is no exporter to ask', start);
    return judged(
      exporter.families,
      'GENESIS_TOKEN may need the role metrics; see the log of the exporter',
      (families) => {
        const there = new Set(families);
        const missing = expected.families.filter((name) => !there.has(name));
        return missing.length === 0
          ? fine(`${expected.families.length} families`)
          : failed(`not on /metrics: ${listed(missing)}`, 'run the same version of the exporter and of this program');
      },
    );
  },
};

export const exporterChecks: readonly Check[] = [reachable, registered];
