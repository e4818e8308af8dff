import { isLoopback, parseListen, type Config, type ListenAddress } from '../config/index.ts';
import { fail, ok, type Outcome } from '../contract/errors.ts';
import { freePort } from './stack-child.ts';
import type { ProgramName } from './stack-programs.ts';

export type Places = Readonly<Record<ProgramName, ListenAddress>>;

/** An asked address must be free; one of the configuration is only preferred. */
export async function placesOf(
  asked: Readonly<Partial<Record<ProgramName, string>>>,
  config: Config,
): Promise<Outcome<Places>> {
  const preferred = {
    prometheus: config.prometheus.url,
    alertmanager: config.alertmanager.url,
    grafana: config.grafana.url,
  };
  const places: Partial<Record<ProgramName, ListenAddress>> = {};
  for (const name of ['prometheus', 'alertmanager', 'grafana'] as const) {
    const place = await placeOf(name, asked[name], preferred[name]);
    if (!place.ok) return place;
    places[name] = place.value;
  }
  return ok(places as Places);
}

async function placeOf(
  name: string,
  asked: string | undefined,
  preferred: string | null,
): Promise<Outcome<ListenAddress>> {
  if (asked !== undefined) {
    const address = loopbackAddress(name, asked);
    if (!address.ok) return address;
    const { host, port } = address.value;
    const free = await freePort(host, port === 0 ? null : port);
    return free === null
      ? fail('listen_refused', `${asked} is taken: --${name} needs another port`)
      : ok({ host, port: free });
  }
  const url = preferred === null ? null : URL.parse(preferred);
  const host = '127.0.0.1';
  const wanted =
    url !== null && url.protocol === 'http:' && isLoopback(url.hostname) && url.port !== '' ? Number(url.port) : null;
  const port = (wanted === null ? null : await freePort(host, wanted)) ?? (await freePort(host, null));
  return port === null ? fail('listen_refused', 'no port of 127.0.0.1 is free') : ok({ host, port });
}

/** Nobody but this machine may reach them: none of the three asks for a password. */
export function loopbackAddress(name: string, text: string): Outcome<ListenAddress> {
  const address = parseListen(text);
  if (address === null) return fail('listen_refused', `--${name} "${text}" is not an address: write 127.0.0.1:9090`);
  return isLoopback(address.host)
    ? ok(address)
    : fail('listen_refused', `--${name} ${text} is beyond loopback: the stack is for this machine only`);
}
