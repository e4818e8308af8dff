import { join } from 'node:path';
import { yamlText } from './yaml-text.ts';

export interface DefaultPlaces {
  /** The home of genesis, for the comments. */
  readonly home: string;
  /** The small tree that is protected from the first minute on. */
  readonly dataDir: string;
  readonly repositoryDir: string;
  readonly copyDir: string;
}

/** The commented genesis.yaml that a first start without configuration writes. It loads without faults and warnings. */
export function defaultConfigYaml({ home, dataDir, repositoryDir, copyDir }: DefaultPlaces): string {
  return `# genesis.yaml: what is protected, how often, how long it is kept, and what is promised.
# Written by the first start; it is yours now. After an edit: \`genesis config check\`, then \`kill -HUP\` the server, or restart it.
# Every key with its default: \`genesis config reference\`. Durations are written 30s, 5m, 4h, 30d; sizes 500MB, 10GiB.
# This file names commands, so only its owner may be able to write it. Secrets never stand in it: write env:NAME or file:/path.

cluster: default                  # label of every metric; name the installation

services:
  # A demonstration on real files: genesis changes this folder a little every few seconds and protects it.
  # Replace it by your own: copy the block, give it a name, list your paths.
  - name: demo-files
    component: data               # labels for dashboards and alert routing: component, tier, region, team
    tier: standard
    backup:
      repository: ${yamlText(repositoryDir)}
      components:                 # each can be restored alone
        data:
          paths: [${yamlText(dataDir)}]
          # excludes: ["**/*.tmp"]
      schedules:                  # cron, in quotes: minute hour day month weekday
        full: "0 2 * * *"
        incremental: "*/2 * * * *"   # often, to have something to look at; the default is every 30 minutes
        timezone: UTC
      retention:
        full_days: 30
        incremental_days: 7
        full_count: 10            # fulls at most; what a kept backup needs always stays
      # encryption: { key: "file:/etc/genesis/backup.key" }   # see \`genesis key generate\`
    copies:                       # every backup is copied to each of these and verified there
      - name: second-folder
        path: ${yamlText(copyDir)}
        # It is on the same disk and says so in readiness. Better: another disk, with mountpoint: true,
        # and another place, with offsite: true.
    drills:                       # restore into a private folder, compare every file, measure how long it took
      schedule: "0 4 * * 0"
      # check: { command: [/usr/local/bin/check-my-data] }    # run in the restored folder; exit 0 passes
    # restore:                    # run around a restore in place
    #   stop: [/usr/bin/systemctl, stop, my-service]
    #   start: [/usr/bin/systemctl, start, my-service]
    objectives:                   # what is promised; alerts compare with it
      backup_sla: 4h              # newest backup never older: warning at once, BackupTooOld at twice this
      rpo_sla: 1h                 # data loss at most
      rto_sla: 4h                 # time to recover at most
      readiness_sla: 0.8
      test_frequency_sla: 30d     # a passed drill at least this often
      replication_sla: 5m         # copies never further behind

api:
  listen: "127.0.0.1:9847"        # beyond loopback only with tls, or insecure: true

restore:
  roots: [${yamlText(join(home, 'restores'))}]   # restores into new folders go below these

# Further: metrics, collectors, log, operations, rules, alertmanager (where alerts go: alertmanager.webhook_url).
`;
}
