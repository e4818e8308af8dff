import type { Found } from './relations.ts';
import type { ScalingConfig } from './schema-scaling.ts';

// What the instances need before anybody scales them.

type At = readonly (string | number)[];

/** Of the section that is in force; the others may stand ready. */
export function* checkScalingEngine(scaling: ScalingConfig, at: At): Generator<Found> {
  const { engine } = scaling;
  const isThere =
    engine === 'command' ? scaling.command !== null || scaling.webhook !== null : scaling[engine] !== null;
  if (!isThere)
    yield {
      severity: 'fault',
      path: [...at, engine],
      message: `is missing: the engine ${engine} needs it`,
      mend: `write the section ${engine}, or choose another engine`,
    };
  const { process, command } = scaling;
  const most = Math.max(scaling.max, ...scaling.schedules.map(({ max }) => max ?? 0));
  if (process !== null && process.ports[0] > process.ports[1])
    yield {
      severity: 'fault',
      path: [...at, 'process', 'ports'],
      value: process.ports,
      message: 'ends before it begins',
      mend: 'write the first port, then the last',
    };
  if (process !== null && process.ports[1] - process.ports[0] + 1 < most)
    yield {
      severity: 'fault',
      path: [...at, 'process', 'ports'],
      value: process.ports,
      message: `holds ${process.ports[1] - process.ports[0] + 1} ports, and up to ${most} workers need one each`,
      mend: 'widen it, or lower max',
    };
  if (
    engine === 'command' &&
    scaling.webhook === null &&
    command !== null &&
    (command.list === null || command.scale === null)
  )
    yield {
      severity: 'fault',
      path: [...at, 'command'],
      message: 'lacks list or scale: without both nobody can look at what was done',
      mend: 'name both programs, or a webhook',
    };
  if (engine === 'docker' && scaling.docker !== null) yield* checkDocker(scaling.docker, scaling.balancer !== null, at);
  if (scaling.balancer !== null && engine === 'haproxy')
    yield {
      severity: 'fault',
      path: [...at, 'balancer'],
      message: 'is the engine itself here',
      mend: 'remove it',
    };
}

function* checkDocker(
  { mode, service, labels, port, health_path: path }: NonNullable<ScalingConfig['docker']>,
  hasBalancer: boolean,
  at: At,
): Generator<Found> {
  const fault = (key: string, message: string, mend: string): Found => ({
    severity: 'fault',
    path: [...at, 'docker', key],
    message,
    mend,
  });
  if (mode === 'service' && service === null)
    yield fault('service', 'is missing: nobody says which Swarm service', 'write its name');
  if (mode === 'containers' && Object.keys(labels).length === 0)
    yield fault('labels', 'is empty: every container of the host would be an instance', 'write e.g. { app: shop }');
  if (port === null && path !== null)
    yield fault(
      'port',
      'is missing: health_path would never be asked, and running would count as ready',
      'write the port',
    );
  if (port === null && hasBalancer)
    yield fault('port', 'is missing: the load balancer would have no address to lead to', 'write the port');
}
