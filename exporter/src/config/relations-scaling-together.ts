import type { Found, IndexedService } from './relations.ts';
import type { FailoverConfig } from './schema-failover.ts';
import type { ScalingConfig } from './schema-scaling.ts';

// Two who set the number of the same thing undo each other's work; and what a failover has fenced must stay so.

type At = readonly (string | number)[];

/** What a service scales, so that two can be compared. */
interface Claim {
  readonly at: At;
  readonly service: string;
  /** In words, e.g. `Deployment web in shop`. */
  readonly what: string;
  overlaps(other: Claim): boolean;
  readonly backend: Backend | null;
}

interface Backend {
  readonly socket: string;
  readonly backend: string;
  readonly prefix: string;
}

/** Also where one only observes: it proposes what the other one would undo. */
export function* checkScalingTogether(services: readonly IndexedService[]): Generator<Found> {
  const claims = services.flatMap(({ index, service }) =>
    service.scaling === null ? [] : claimsOf(service.name, service.scaling, ['services', index, 'scaling']),
  );
  for (const [n, claim] of claims.entries()) {
    const first = claims.slice(0, n).find((one) => one.service !== claim.service && one.overlaps(claim));
    if (first !== undefined)
      yield {
        severity: 'fault',
        path: claim.at,
        message: `${claim.what} is scaled by the service "${first.service}" already: each would undo what the other does`,
        mend: 'let one service scale it, or tell them apart (name, labels, prefix, ports)',
      };
    yield* checkFenced(claim, services);
  }
}

/** A fenced primary stands in maintenance like a server that is to spare: more instances would open it again. */
function* checkFenced({ at, backend }: Claim, services: readonly IndexedService[]): Generator<Found> {
  if (backend === null) return;
  for (const { service } of services) {
    const { failover } = service;
    if (failover === null || !fences(failover, backend)) continue;
    yield {
      severity: 'fault',
      path: at,
      message: `the failover of "${service.name}" fences its nodes in the backend ${backend.backend}: scaling would let a fenced one in again`,
      mend: 'scale another backend, e.g. that of the readers, or set a prefix that no node has',
    };
    return;
  }
}

function fences({ haproxy, nodes }: FailoverConfig, { socket, backend, prefix }: Backend): boolean {
  if (haproxy === null || haproxy.socket !== socket || haproxy.backend !== backend) return false;
  return nodes.some(({ server, name }) => (server ?? name).startsWith(prefix));
}

function claimsOf(service: string, scaling: ScalingConfig, at: At): Claim[] {
  const { engine, balancer } = scaling;
  const own = ownClaim(service, scaling, at);
  if (balancer === null || engine === 'haproxy') return own;
  return [...own, backendClaim(service, balancer, [...at, 'balancer'])];
}

function ownClaim(service: string, { engine, process, haproxy, kubernetes, docker }: ScalingConfig, at: At): Claim[] {
  if (engine === 'haproxy' && haproxy !== null) return [backendClaim(service, haproxy, [...at, 'haproxy'])];
  if (engine === 'kubernetes' && kubernetes !== null) {
    const { kubeconfig, context, namespace, kind, name } = kubernetes;
    const what = `${kind} ${name} in ${namespace}`;
    return [sameClaim(service, what, [kubeconfig, context, namespace, kind, name], [...at, 'kubernetes'])];
  }
  if (engine === 'docker' && docker?.mode === 'service')
    return [
      sameClaim(service, `the Swarm service ${docker.service}`, [docker.socket, docker.service], [...at, 'docker']),
    ];
  if (engine === 'docker' && docker !== null) {
    const labels = Object.entries(docker.labels).sort(([a], [b]) => (a < b ? -1 : 1));
    const words = labels.map(([key, value]) => `${key}=${value}`).join(', ');
    return [sameClaim(service, `what has the labels ${words}`, [docker.socket, labels], [...at, 'docker', 'labels'])];
  }
  if (engine === 'process' && process !== null)
    return [portsClaim(service, process.ports, [...at, 'process', 'ports'])];
  return [];
}

interface SameClaim extends Claim {
  readonly key: string;
}

function sameClaim(service: string, what: string, identity: unknown, at: At): Claim {
  const key = JSON.stringify(identity);
  const claim: SameClaim = {
    ...{ at, service, what, key, backend: null },
    overlaps: (other) => (other as Partial<SameClaim>).key === key,
  };
  return claim;
}

interface PortsClaim extends Claim {
  readonly ports: readonly [number, number];
}

function portsClaim(service: string, ports: readonly [number, number], at: At): Claim {
  const claim: PortsClaim = {
    ...{ at, service, ports, what: `a port of ${ports[0]} to ${ports[1]}`, backend: null },
    overlaps: (other) => {
      const theirs = (other as Partial<PortsClaim>).ports;
      return theirs !== undefined && theirs[0] <= ports[1] && ports[0] <= theirs[1];
    },
  };
  return claim;
}

function backendClaim(service: string, { socket, backend, prefix }: Backend, at: At): Claim {
  return {
    ...{ at, service, what: `the backend ${backend} of HAProxy`, backend: { socket, backend, prefix } },
    overlaps: ({ backend: other }) =>
      other !== null &&
      other.socket === socket &&
      other.backend === backend &&
      (other.prefix.startsWith(prefix) || prefix.startsWith(other.prefix)),
  };
}
