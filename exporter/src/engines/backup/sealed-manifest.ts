import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { OpError } from '../../contract/errors.ts';

/** Manifests as every repository that Genesis lays out keeps them: one line of JSON, and a line with its SHA-256 and MAC. */

const Seal = z.strictObject({
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  mac: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
});

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
function macOf(macKey: Buffer, bytes: Buffer): string {
  return createHmac('sha256', macKey).update(bytes).digest('hex');
}
function equalHex(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

/** The file's bytes and the checksum that the catalogue keeps. `macKey` comes from `manifestMacKey`; null in a plain repository. */
export function serialiseSealed(
  manifest: unknown,
  macKey: Buffer | null,
): { readonly bytes: Buffer; readonly checksum: string } {
  const line = Buffer.from(JSON.stringify(manifest), 'utf8');
  const checksum = sha256(line);
  const seal = JSON.stringify({ sha256: checksum, mac: macKey === null ? null : macOf(macKey, line) });
  return { bytes: Buffer.concat([line, Buffer.from(`\n${seal}\n`, 'utf8')]), checksum };
}

/**
 * Reads a manifest file of a format. `where` names it in errors. With a `macKey` the manifest must bear a MAC that holds.
 * Throws OpError `backup_corrupt` (cut, changed, not a manifest), `format_unknown` (a later format).
 */
export function parseSealed<T extends { readonly encryption: unknown }>(
  bytes: Buffer,
  macKey: Buffer | null,
  where: string,
  known: { readonly schema: z.ZodType<T>; readonly format: number },
): { readonly manifest: T; readonly checksum: string } {
  const corrupt = (what: string): OpError => new OpError('backup_corrupt', `${where}: ${what}`);
  const end = bytes.indexOf(10);
  if (end < 0 || bytes[bytes.length - 1] !== 10) throw corrupt('the manifest was cut off');
  const line = bytes.subarray(0, end);
  const seal = Seal.safeParse(parseJson(bytes.subarray(end + 1)));
  if (!seal.success) throw corrupt('the manifest was cut off or its checksum line was changed');
  if (!equalHex(seal.data.sha256, sha256(line))) throw corrupt('the manifest was changed: its SHA-256 differs');
  const { mac } = seal.data;
  if (macKey !== null && (mac === null || !equalHex(mac, macOf(macKey, line))))
    throw corrupt('the manifest was changed by somebody without the key: its MAC does not hold');
  const json = parseJson(line);
  const version = z.object({ format: z.int() }).safeParse(json);
  if (version.success && version.data.format > known.format) {
    throw new OpError(
      'format_unknown',
      `${where}: has format ${version.data.format}, this program knows up to ${known.format}`,
    );
  }
  const parsed = known.schema.safeParse(json);
  if (!parsed.success) throw corrupt(`the manifest is not valid: ${z.prettifyError(parsed.error).slice(0, 500)}`);
  if ((parsed.data.encryption !== null) !== (mac !== null))
    throw corrupt('the manifest has no MAC, or one it should not have');
  return { manifest: parsed.data, checksum: seal.data.sha256 };
}

/** Undefined when the bytes are not JSON; the schema that follows then says what is missing. */
function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
