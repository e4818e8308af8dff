import type { NodeFacts } from '../contract/failover.ts';
import {
  decide,
  failing,
  fenceOf,
  nodeWith,
  now,
  unanswered,
  viewWith,
  writing,
  policyWith,
} from './failover-testing.ts';
import { standingAnswer } from './failover.ts';

describe('where all nodes serve', () => {
  const all = { strategy: 'active_active', minServing: 2 } as const;
  const plain = (name: string, fields: Partial<NodeFacts> = {}) => nodeWith(name, { probe: writing(), ...fields });
  const gone = (name: string) => plain(name, { probe: unanswered('refused'), health: failing });

  it('a failed one is taken out while enough remain, else people are called', () => {
    expect(decide({ nodes: [plain('a'), plain('b'), gone('c')] }, all)).toMatchObject({
      action: 'drop',
      node: 'c',
      act: true,
    });
    expect(decide({ nodes: [plain('a'), gone('b')] }, all)).toMatchObject({ action: 'hold', page: true });
    expect(decide({ nodes: [plain('a'), plain('b')] }, all).action).toBe('none');
  });

  it('one that is well again comes back, unless a person took it out', () => {
    const out = (manual: boolean) => plain('c', { fence: fenceOf('c', { manual }) });

    expect(decide({ nodes: [plain('a'), plain('b'), out(false)] }, all)).toMatchObject({
      action: 'readmit',
      node: 'c',
    });
    expect(decide({ nodes: [plain('a'), plain('b'), out(true)] }, all).action).toBe('none');
  });

  it('the standing answer counts who would be left', () => {
    const answer = (nodes: readonly NodeFacts[]) => standingAnswer(viewWith({ nodes }), policyWith(all), now);

    expect(answer([plain('a'), plain('b'), plain('c')]).wouldSucceed).toBe(true);
    expect(answer([plain('a'), plain('b'), gone('c')])).toMatchObject({
      wouldSucceed: false,
      rejected: [{ node: 'c' }],
    });
  });
});
