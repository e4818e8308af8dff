import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { FenceProof } from '../../../contract/failover.ts';
import type { FailoverNode } from '../port.ts';
import { act, inWords, wayOf, type Work } from './actions.ts';
import { probeService } from './probe.ts';

/** Proof that a node of a generic service is down: the configured confirmation says so, and its health does not say otherwise. */

/** Between two confirmations: a stop may go on after its command has ended. */
const confirmMs = 500;

const unstopped = 'its stop failed: what started it once may start it again';

/** Null: nobody can tell. */
export async function provenDown(work: Work, node: FailoverNode): Promise<FenceProof | null> {
  if (work.context.signal.aborted || wayOf(node, 'confirmDown') === null) return null;
  const proof = await confirm(work, node, +work.deps.clock.now());
  return proof.ok ? proof.value : null;
}

/** Errors: `fencing_unproven`, whatever was done; `cancelled`. */
export async function fence(work: Work, node: FailoverNode): Promise<Outcome<FenceProof>> {
  const begun = +work.deps.clock.now();
  // Also where it is down already: only the stop keeps whoever watches over it from starting it again.
  const stopped = await stop(work, node);
  if (wayOf(node, 'confirmDown') === null) {
    return fail(
      'fencing_unproven',
      `${node.name} has neither confirm_down nor a webhook: nobody can tell that it is down`,
    );
  }
  // Monotonic: a clock that is set meanwhile must not end it.
  const deadline = performance.now() + work.cluster.timeoutSeconds * 1000;
  for (;;) {
    if (work.context.signal.aborted) return fail('cancelled', `fencing ${node.name} was cancelled`);
    const proof = await confirm(work, node, begun);
    if (proof.ok) return stopped ? proof : ok({ ...proof.value, detail: `${proof.value.detail}; ${unstopped}` });
    // Where nothing stopped it, nothing is to be waited for.
    if (!stopped || performance.now() >= deadline) return proof;
    await work.deps.clock.sleep(confirmMs, work.context.signal);
  }
}

/** Whether a stop was begun; a failing one is noted: the node may be down already. */
async function stop(work: Work, node: FailoverNode): Promise<boolean> {
  const done = await act(work, node, 'stop');
  if (!done.ok) work.context.note(`${node.name} was not stopped: ${done.error.message}`);
  return done.ok;
}

async function confirm(work: Work, node: FailoverNode, begun: number): Promise<Outcome<FenceProof>> {
  const said = await act(work, node, 'confirmDown');
  if (!said.ok) {
    if (said.error.code === 'cancelled') return said;
    return fail('fencing_unproven', `nobody confirms that ${node.name} is down: ${said.error.message}`, {
      cause: said.error,
    });
  }
  const { lastLine, answer } = said.value;
  if (answer === null ? lastLine !== 'down' : answer['down'] !== true)
    return fail(
      'fencing_unproven',
      answer === null
        ? `confirm_down of ${node.name} does not print down as its last line`
        : `the webhook does not say that ${node.name} is down`,
    );
  const probe = await probeService(work.deps, work.cluster, node, work.context.signal);
  if (probe.reach === 'answered')
    return fail('fencing_unproven', `${node.name} is said to be down, but ${inWords(probe)}`);
  const now = work.deps.clock.now();
  return ok({
    method: answer === null ? 'command' : 'webhook',
    detail: `${answer === null ? 'its confirm_down' : 'its webhook'} says that ${node.name} is down, and ${inWords(probe)}`,
    at: now.toISOString(),
    seconds: Math.max(0, (+now - begun) / 1000),
  });
}
