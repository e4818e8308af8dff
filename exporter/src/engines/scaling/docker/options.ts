import { z } from 'zod';

export const DockerOptions = z.strictObject({
  socket: z
    .string()
    .startsWith('/')
    .default('/var/run/docker.sock')
    .describe('Socket of the Engine API, Docker’s or Podman’s.'),
  mode: z
    .enum(['containers', 'service'])
    .default('containers')
    .describe('containers: those with the labels, on this host. service: the replicas of a Swarm service.'),
  service: z.string().min(1).nullable().default(null).describe('mode service: its name.'),
  labels: z
    .record(z.string().min(1), z.string())
    .default({})
    .describe('mode containers: the labels that make a container an instance; new ones get them.'),
  image: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('mode containers: image of new ones, which must be there already; null: as the newest one runs.'),
  command: z.array(z.string().min(1)).nullable().default(null).describe('Its command; null: that of the image.'),
  network: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Network of new ones; null: as the newest one, or the default.'),
  port: z
    .int()
    .min(1)
    .max(65_535)
    .nullable()
    .default(null)
    .describe('Port an instance listens on; null: it has none, and running counts as ready.'),
  health_path: z
    .string()
    .startsWith('/')
    .nullable()
    .default(null)
    .describe('Answers 2xx on that port once ready; null: the container’s own health check, or that it runs.'),
});
export type DockerOptions = z.output<typeof DockerOptions>;
