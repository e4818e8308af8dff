import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sleep } from './processes.ts';

/** Small HTTP services that all serve, and a client of theirs that knows only the load balancer. */

export interface Member {
  readonly name: string;
  readonly port: number;
  /** Not well: its health and every request fail, and it listens all the same. */
  well: boolean;
  stop(): Promise<void>;
}

/** `writes`: its health says that it takes writes; else it says `OK`. */
export async function startMember(name: string, { writes = false, well = true } = {}): Promise<Member> {
  const server: Server = createServer((request, reply) => {
    const health = writes ? JSON.stringify({ node: name, role: 'primary' }) : 'OK';
    reply.writeHead(member.well ? 200 : 503, { connection: 'close' });
    reply.end(request.url === '/health' ? health : name);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const member: Member = {
    name,
    port: (server.address() as AddressInfo).port,
    well,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return member;
}

export interface Visit {
  readonly at: number;
  /** Who served it; null: an error. */
  readonly by: string | null;
}

export interface Visitor {
  readonly visits: readonly Visit[];
  /** Makes so many more visits and returns them. */
  next(count: number): Promise<readonly Visit[]>;
  stop(): Promise<void>;
}

/** Asks for a page every 20 ms, each over a new connection. */
export function startVisitor(port: number): Visitor {
  const visits: Visit[] = [];
  let ended = false;
  const visit = async (): Promise<string | null> => {
    try {
      const reply = await fetch(`http://127.0.0.1:${port}/`, {
        headers: { connection: 'close' },
        signal: AbortSignal.timeout(3000),
      });
      const text = await reply.text();
      return reply.ok ? text : null;
    } catch {
      return null;
    }
  };
  const loop = (async () => {
    while (!ended) {
      visits.push({ at: Date.now(), by: await visit() });
      await sleep(20);
    }
  })();
  return {
    visits,
    async next(count) {
      // One that is on its way belongs to the time before.
      const from = visits.length + 1;
      while (visits.length < from + count) await sleep(20);
      return visits.slice(from, from + count);
    },
    stop: async () => {
      ended = true;
      await loop;
    },
  };
}
