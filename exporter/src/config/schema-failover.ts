import { z } from 'zod';
import { failoverEngineNames, failoverModes, failoverStrategies } from '../contract/failover.ts';
import { absolutePath, SecretRef } from './secret-ref.ts';
import { duration, size } from './units.ts';

// Who may take over, when, and how the old primary is kept from writing (F1 to F10).

const name = z.string().regex(/^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/, {
  error: 'must be 1-63 of a-z, 0-9, - and _, beginning and ending with a letter or digit',
});
const command = z.array(z.string().min(1)).min(1).nullable().default(null);
const port = z.int().min(1).max(65_535);
const address = z.string().regex(/^https?:\/\/[^@\s]+$/, {
  error: 'must be an http(s) address without user and password',
});
const labelValue = z.string().min(1).max(63);

const Node = z.strictObject({
  name: name.describe('Name of the node: the label `node` of its metrics, and its application_name as a standby.'),
  region: labelValue.nullable().default(null).describe('Region it stands in; null: the region of the service.'),
  priority: z.int().min(0).max(1000).default(100).describe('Lower numbers take over first.'),
  candidate: z.boolean().default(true).describe('false: it is never promoted, e.g. a reporting copy.'),
  host: z
    .string()
    .min(1)
    .max(255)
    .nullable()
    .default(null)
    .describe('Host name, address or socket folder of its PostgreSQL; null: a generic service.'),
  port: port.default(5432).describe('Port of its PostgreSQL.'),
  data: absolutePath
    .nullable()
    .default(null)
    .describe('Its PGDATA where it runs on this machine: then Genesis stops it and proves it itself. null: elsewhere.'),
  url: address
    .nullable()
    .default(null)
    .describe('Patroni: its REST API, e.g. http://db1:8008. Generic service: the address of its health check.'),
  server: z
    .string()
    .min(1)
    .max(100)
    .nullable()
    .default(null)
    .describe('Name of its server in the backend of HAProxy; null: the name of the node.'),
  commands: z
    .strictObject({
      stop: command.describe(
        'Stops the node for good: the fence, e.g. [/usr/bin/ssh, db1, systemctl, stop, postgresql].',
      ),
      start: command.describe('Starts it.'),
      confirm_down: command.describe('Prints `down` as its last line when the node is surely down; proves the fence.'),
      promote: command.describe('Generic service: makes it the primary.'),
      demote: command.describe('Generic service: makes it a standby.'),
      drain: command.describe('Generic service: it takes no new work.'),
      admit: command.describe('Generic service: it takes work again.'),
    })
    .prefault({})
    .describe('Programs and arguments on this machine; no shell runs. They come only from this file.'),
  webhook: z
    .strictObject({
      url: address.describe('Takes POST with {action, service, node, operation} and answers with {done: true}.'),
      secret: SecretRef.describe('Signs the body (HMAC-SHA-256, header X-Genesis-Signature): env:NAME or file:/path.'),
    })
    .nullable()
    .default(null)
    .describe('Generic service: called in place of commands that are not configured.'),
});
export type FailoverNodeConfig = z.output<typeof Node>;

export const Breaker = z
  .strictObject({
    failures: z.int().min(1).default(5).describe('Failures after which it opens.'),
    recovery: duration().default(60).describe('Time until it lets calls through again.'),
    half_open_calls: z.int().min(1).default(3).describe('Good calls that close it again.'),
  })
  .prefault({})
  .describe('Circuit breaker of the service and of each product that is called for it; never holds back a fence.');

const thresholds = {
  consecutive_failures: z
    .int()
    .min(1)
    .default(3)
    .describe('Failed probes in a row after which the primary counts as lost.'),
  error_rate: z.number().min(0).max(1).default(0.3).describe('Share of failed probes of the window that does so, too.'),
  response_time: duration().default(2).describe('Mean response of the window that does so, too.'),
  window: duration().default(60).describe('What the two shares are taken over.'),
  consecutive_successes: z.int().min(1).default(2).describe('Good probes in a row before a node counts as well again.'),
};

export const Failover = z.strictObject({
  engine: z
    .enum(failoverEngineNames)
    .describe('postgres: streaming standbys, promoted by Genesis. patroni: Patroni holds the lock. service: commands.'),
  strategy: z
    .enum(failoverStrategies)
    .default('active_passive')
    .describe(
      'active_passive: one writer. active_active: all serve. multi_master: all write, with a stated conflict policy.',
    ),
  conflict_policy: z
    .string()
    .min(1)
    .max(500)
    .nullable()
    .default(null)
    .describe('multi_master: how writes that contradict each other are settled; stated by who runs the service.'),
  mode: z
    .enum(failoverModes)
    .default('auto')
    .describe('auto acts; manual pages and waits for a person; observe only says what it would do, and why.'),
  interval: duration().default(10).describe('Time between two probes of every node, each followed by a decision.'),
  timeout: duration().default(2).describe('A probe that takes longer failed.'),
  thresholds: z.strictObject(thresholds).prefault({}).describe('When the primary counts as lost.'),
  cooldown: duration().default(300).describe('Least time between two automatic failovers.'),
  max_per_hour: z
    .int()
    .min(1)
    .max(60)
    .default(3)
    .describe('Most automatic failovers in an hour; more is flapping and holds.'),
  max_loss: z
    .strictObject({
      bytes: size()
        .default(2 ** 20)
        .describe('Log that the candidate may lack.'),
      time: duration()
        .default(60)
        .describe('Writes of so long may be lost; more than it takes to find the primary lost.'),
    })
    .prefault({})
    .describe('More predicted loss than this holds the failover and pages.'),
  regions: z
    .strictObject({
      preferred: z.array(labelValue).default([]).describe('Regions tried first, in this order.'),
      allowed: z
        .array(labelValue)
        .min(1)
        .nullable()
        .default(null)
        .describe('Residency: never promote elsewhere. null: any.'),
    })
    .prefault({})
    .describe('Where the service may run.'),
  second_writer: z
    .enum(['page', 'fence'])
    .default('page')
    .describe('Two nodes accept writes: page, or also fence the one that is not the rightful primary.'),
  min_serving: z.int().min(1).default(1).describe('active_active, multi_master: so many nodes always go on serving.'),
  command_timeout: duration().default(60).describe('Each command, call, promotion or stop is ended after this.'),
  allow_clone: z
    .boolean()
    .default(true)
    .describe('A returned primary that cannot be rewound is cloned anew: its data is replaced.'),
  approval: z
    .strictObject({
      required: z.boolean().default(false).describe('A second person approves what is forced past a hold.'),
      expires: duration().default(900).describe('An approval that does not come within this is refused.'),
    })
    .prefault({})
    .describe('The second pair of eyes.'),
  replication: z
    .strictObject({
      user: z.string().min(1).max(63).describe('Role with REPLICATION.'),
      password: SecretRef.nullable()
        .default(null)
        .describe('Its password: env:NAME or file:/path. null: none is sent.'),
    })
    .nullable()
    .default(null)
    .describe('Login of streaming standbys; null: the role of the section postgres.'),
  patroni: z
    .strictObject({
      user: z.string().min(1).describe('User of its REST API.'),
      password: SecretRef.describe('Password: env:NAME or file:/path.'),
    })
    .nullable()
    .default(null)
    .describe('Login for the unsafe calls of Patroni’s REST API; null: none is sent.'),
  ca_file: absolutePath
    .nullable()
    .default(null)
    .describe('PEM file of the authority of the addresses; null: the system’s.'),
  haproxy: z
    .strictObject({
      socket: z
        .string()
        .min(1)
        .describe('Its runtime API with level admin: the absolute path of the socket, or host:port.'),
      backend: z.string().min(1).describe('Backend whose servers are the nodes.'),
    })
    .nullable()
    .default(null)
    .describe(
      'The load balancer in front: cut off before a promotion, opened to the new primary after it. null: none.',
    ),
  balancer: z
    .strictObject({
      host: z.string().min(1).max(255).describe('Host name or address.'),
      port: port.describe('Port that writers use.'),
    })
    .nullable()
    .default(null)
    .describe('Where clients reach the writer: probed to see whom they get. null: not probed.'),
  nodes: z.array(Node).min(1).describe('All nodes of the service, the primary too.'),
  breaker: Breaker,
});
export type FailoverConfig = z.output<typeof Failover>;
