/** A block for genesis.yaml that changes nothing yet and says what it would do. */
export const exampleBlock = `services:
  - name: web
    scaling:
      engine: process
      process:
        command: ['node', 'worker.js']  # it finds its port in PORT
        ports: [9100, 9119]
        health_path: /health
      mode: observe
      min: 2
      max: 10
      metrics:
        - { name: cpu, kind: cpu, source: own, target: 0.6 }`;
