import { z } from 'zod';
import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import { instanceStates, type Fleet } from '../../../contract/scaling.ts';

const text = z.string().min(1).max(300);

/** Other keys are somebody else's. */
const Instances = z.array(
  z.object({
    name: text.regex(/^[^\s,]+$/, { error: 'must be without blanks and commas' }),
    state: z.enum(instanceStates),
    address: text
      .regex(/^\S+:\d{1,5}$/, { error: 'must be host:port' })
      .nullable()
      .default(null),
    load: z.number().nullable().default(null),
    startedAt: z.iso.datetime({ offset: true }).nullable().default(null),
    protectedBy: text.nullable().default(null),
    detail: text.nullable().default(null),
  }),
);

/** Error: `scaling_failed`: it is no list of instances; a state that is not known is no healthy one. */
export function fleetIn(value: unknown, what: string): Outcome<Fleet> {
  const parsed = Instances.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
    return fail('scaling_failed', `${what} is no list of instances: ${where}${issue?.message.toLowerCase() ?? ''}`);
  }
  const names = parsed.data.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return fail('scaling_failed', `${what} names ${twice} twice`);
  const instances = parsed.data.map((one) => ({
    ...one,
    startedAt: one.startedAt === null ? null : new Date(one.startedAt).toISOString(),
  }));
  return ok({ instances, wanted: null, ownedBy: null });
}
