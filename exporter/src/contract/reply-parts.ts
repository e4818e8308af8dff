import { z } from 'zod';
import { errorCatalogue, type ErrorCode } from './errors.ts';

/** Schemas that several replies share. */

/** A moment. */
export const time = z.string().describe('ISO 8601 in UTC with milliseconds.');
const errorCodes = Object.keys(errorCatalogue) as [ErrorCode, ...ErrorCode[]];
export const errorCode = z
  .enum(errorCodes)
  .meta({ id: 'ErrorCode', description: 'Stable: scripts and alerts may depend on it.' });
export const freeForm = z.record(z.string(), z.unknown());

/** One reason why a request was refused; `path` is where it stands in the body or the query. */
export const Fault = z.object({ path: z.string(), message: z.string() }).meta({ id: 'Fault' });
export type Fault = z.infer<typeof Fault>;

/** RFC 9457 problem document; every error answer of the API has this shape. */
export const Problem = z
  .object({
    type: z.string().describe('urn:genesis:error:<code>'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: errorCode,
    hint: z.string().describe('What can be done about it.'),
    instance: z.string().describe('urn:genesis:request:<id>; the log has the same id.'),
    faults: z.array(Fault).optional(),
    details: freeForm.optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem document.' });
export type Problem = z.infer<typeof Problem>;

/** Why something failed; the wire form of OpError. */
export const Failure = z
  .object({ code: errorCode, message: z.string(), hint: z.string(), details: freeForm.optional() })
  .meta({ id: 'Failure' });

/** Known with its time, or unknown with the error; never a default. */
export function observed<T extends z.ZodType>(value: T) {
  return z.discriminatedUnion('known', [
    z.object({ known: z.literal(true), at: time, value }),
    z.object({ known: z.literal(false), at: time, error: Failure }),
  ]);
}
