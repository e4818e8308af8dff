import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import { command, namePattern, noName, refused, type HaproxySettings } from './engine.ts';
import { numberOf, rowsOf } from './state.ts';

export interface BackendLoad {
  /** Requests (or connections, in TCP mode) in work on all servers and in the queue. */
  readonly sessions: number;
  /** Of them, waiting for a free server. */
  readonly queued: number;
}

/** What the whole backend carries now. Error: `balancer_failed` (it cannot be asked, or tells no numbers), `cancelled`. */
export async function backendLoad(asked: HaproxySettings, signal: AbortSignal): Promise<Outcome<BackendLoad>> {
  const settings = { setting: 'scaling.balancer', ...asked };
  const { backend } = settings;
  if (!namePattern.test(backend)) return noName(backend);
  const answer = await command(settings, `show stat ${backend} 2 -1`, signal); // 2: the row of the backend itself
  if (!answer.ok) return answer;
  if (!answer.value.startsWith('# ')) return refused(settings, null, answer.value);
  const row = rowsOf(answer.value)?.find((one) => one['svname'] === 'BACKEND');
  const [sessions, queued] = [numberOf(row?.['scur']), numberOf(row?.['qcur'])];
  if (sessions === null || queued === null)
    return fail('balancer_failed', `HAProxy tells no load of the backend ${backend}`);
  return ok({ sessions, queued });
}
