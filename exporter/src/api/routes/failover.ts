import { ok } from '../../contract/errors.ts';
import {
  accepted,
  answer,
  optionsOf,
  paramOf,
  pauseAutomation,
  resumeAutomation,
  submit,
  type Handlers,
} from './call.ts';

export const failoverHandlers = {
  async getFailover(call) {
    const service = paramOf(call, 'name');
    const found = call.app.failover(service);
    return found.ok ? ok({ status: 200, body: { service, failover: found.value } }) : found;
  },
  async startFailover(call) {
    const { candidate = null, force, ...wishes } = call.body;
    return submit(call, { kind: 'failover', service: paramOf(call, 'name'), candidate, force }, wishes);
  },
  async startSwitchover(call) {
    const { candidate = null, at, ...wishes } = call.body;
    const service = paramOf(call, 'name');
    if (at === undefined || wishes.dryRun) return submit(call, { kind: 'switchover', service, candidate }, wishes);
    return answer(await call.app.scheduleSwitchover(service, { at, candidate }, optionsOf(call, wishes)), 201);
  },
  async cancelSwitchover(call) {
    const service = paramOf(call, 'name');
    const done = await call.app.cancelSwitchover(service, optionsOf(call, call.body));
    return done.ok ? ok({ status: 200, body: { service, cancelled: done.value.cancelled } }) : done;
  },
  async fenceNode(call) {
    return submit(call, { kind: 'fence', service: paramOf(call, 'name'), node: paramOf(call, 'id') }, call.body);
  },
  async rejoinNode(call) {
    const { allowClone = null, ...wishes } = call.body;
    const request = { kind: 'rejoin' as const, service: paramOf(call, 'name'), node: paramOf(call, 'id'), allowClone };
    return submit(call, request, wishes);
  },
  pauseFailover: (call) => pauseAutomation(call, 'pauseFailover'),
  resumeFailover: (call) => resumeAutomation(call, 'resumeFailover'),
  async approveOperation(call) {
    const { approve, reason } = call.body;
    return accepted(await call.app.approve(paramOf(call, 'id'), approve, optionsOf(call, { reason })));
  },
} satisfies Partial<Handlers>;
