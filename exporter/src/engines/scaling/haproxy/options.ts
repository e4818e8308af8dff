import { z } from 'zod';

export const HaproxyMembershipOptions = z.strictObject({
  socket: z
    .string()
    .min(1)
    .describe('Its runtime API with level admin: the absolute path of the socket, or host:port.'),
  backend: z.string().min(1).describe('Backend whose servers are the instances.'),
  prefix: z
    .string()
    .regex(/^[a-zA-Z0-9_.-]{0,40}$/)
    .default('')
    .describe('Only servers whose names begin so are scaled; the others are left alone.'),
});
export type HaproxyMembershipOptions = z.output<typeof HaproxyMembershipOptions>;

/** The engine haproxy: which of the servers that stand ready take part. */
export const HaproxyOptions = HaproxyMembershipOptions.extend({
  servers: z
    .array(z.string().regex(/^[^\s:]+:\d{1,5}$/, { error: 'must be host:port' }))
    .default([])
    .describe('Addresses of instances that may be added to the backend while it runs; those it has are used first.'),
});
export type HaproxyOptions = z.output<typeof HaproxyOptions>;
