import { lookup } from 'node:dns/promises';
import { fail, ok, type Outcome } from '../../../contract/errors.ts';

/** HAProxy knows addresses, instances may be known by names. */

/** All that this `host:port` leads to; none where it cannot be resolved now. */
export async function addressesAt(address: string): Promise<readonly string[]> {
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at).replace(/^\[|\]$/g, '');
  const found = await lookup(host, { all: true, verbatim: false }).catch(() => []);
  return found.map(({ address: ip, family }) => `${family === 6 ? `[${ip}]` : ip}${address.slice(at)}`);
}

/**
 * What each of these leads to, at least one. Error: `scaling_failed`: one of them cannot be resolved; its server would look like one that
 * nobody is at any more, and be taken out or ended undrained.
 */
export async function allAddressesAt(
  addresses: readonly string[],
  balancer: string,
): Promise<Outcome<ReadonlyMap<string, readonly string[]>>> {
  const found = new Map(
    await Promise.all(addresses.map(async (address) => [address, await addressesAt(address)] as const)),
  );
  const unknown = addresses.filter((address) => found.get(address)?.length === 0);
  if (unknown.length === 0) return ok(found);
  return fail(
    'scaling_failed',
    `${unknown.join(', ')} cannot be resolved now: nobody can tell which server of ${balancer} it is, and nothing was changed there`,
    { retryable: true },
  );
}
