import type { DrillRecord, Role } from '../../contract/operation.ts';
import { accepted, answer, optionsOf, paged, paramOf, present, type Handlers } from './call.ts';

/** Viewers may not see file names; differences and the output of a check name files. */
function visibleTo(role: Role, drill: DrillRecord): DrillRecord {
  if (role !== 'viewer') return drill;
  const { length } = drill.differences;
  return {
    ...drill,
    differences: length === 0 ? [] : [`${length} differences; the role operator may see them`],
    check: drill.check === null ? null : { exitCode: drill.check.exitCode, output: '' },
  };
}

export const operationHandlers = {
  async listOperations(call) {
    const page = await call.app.operations(present(call.query));
    return paged(call, page.items, page.next, page.total);
  },
  async getOperation(call) {
    return answer(await call.app.operation(paramOf(call, 'id')));
  },
  async cancelOperation(call) {
    return accepted(await call.app.cancel(paramOf(call, 'id'), optionsOf(call, call.body)));
  },
  async listDrills(call) {
    const page = await call.app.drills(present(call.query));
    return paged(
      call,
      page.items.map((drill) => visibleTo(call.identity.role, drill)),
      page.next,
    );
  },
} satisfies Partial<Handlers>;
