/** A block for genesis.yaml that changes nothing yet and says what it would do. */
export const exampleBlock = `services:
  - name: web
    scaling:
      engine: process
      process:
        command: [/usr/bin/node, /srv/web/worker.js]  # finds its port in PORT
        ports: [9100, 9119]
        health_path: /health
        load_path: /metrics  # the workers say themselves how much they have to do
        load_metric: requests_in_flight
      mode: observe  # auto acts
      min: 2
      max: 10
      metrics:
        - { name: busy, kind: queue_length, source: own, target: 20 }`;
