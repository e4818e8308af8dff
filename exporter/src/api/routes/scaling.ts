import { ok } from '../../contract/errors.ts';
import { answer, optionsOf, paramOf, pauseAutomation, resumeAutomation, submit, type Handlers } from './call.ts';

/** Reads of Prometheus' history end with this, whoever waits for them. */
const patience = (): AbortSignal => AbortSignal.timeout(30_000);

export const scalingHandlers = {
  async getScaling(call) {
    const service = paramOf(call, 'name');
    const found = call.app.scaling(service);
    return found.ok ? ok({ status: 200, body: { service, ...found.value } }) : found;
  },
  async getScalingHistory(call) {
    const service = paramOf(call, 'name');
    const found = call.app.scalingHistory(service, call.query.hours);
    return found.ok ? ok({ status: 200, body: { service, items: found.value } }) : found;
  },
  async getScalingLoad(call) {
    return answer(await call.app.scalingLoad(paramOf(call, 'name'), call.query.hours, patience()));
  },
  async setScaling(call) {
    const { desired, ...wishes } = call.body;
    return submit(call, { kind: 'scale', service: paramOf(call, 'name'), desired }, wishes);
  },
  pauseScaling: (call) => pauseAutomation(call, 'pauseScaling'),
  resumeScaling: (call) => resumeAutomation(call, 'resumeScaling'),
  async previewScalingPolicy(call) {
    return answer(call.app.previewScalingPolicy(paramOf(call, 'name'), call.body.policy));
  },
  async setScalingPolicy(call) {
    const service = paramOf(call, 'name');
    const { policy, ...wishes } = call.body;
    const done = await call.app.setScalingPolicy(service, policy, optionsOf(call, wishes));
    return done.ok ? ok({ status: 200, body: { service, override: done.value } }) : done;
  },
  async resetScalingPolicy(call) {
    const service = paramOf(call, 'name');
    const done = await call.app.resetScalingPolicy(service, optionsOf(call, call.body));
    return done.ok ? ok({ status: 200, body: { service, override: null } }) : done;
  },
  async backtestScaling(call) {
    const { from, to, policy = null } = call.body;
    const wish = { from: new Date(from), to: new Date(to), policy };
    return answer(await call.app.backtestScaling(paramOf(call, 'name'), wish, patience()));
  },
} satisfies Partial<Handlers>;
