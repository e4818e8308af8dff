export * from './errors.ts';
export * from './observed.ts';
export * from './backup.ts';
export * from './operation.ts';
export * from './engine.ts';
export * from './postgres.ts';
export * from './health.ts';
export * from './failover.ts';
export * from './playbooks.ts';
export * from './forecast.ts';
export * from './scaling.ts';
export * from './scaling-facts.ts';
export * from './quality.ts';
export * from './database-replies.ts';
export * from './readiness.ts';
export * from './snapshot.ts';
export * from './actions.ts';
export * from './cancel.ts';
export * from './live.ts';
export * from './routes.ts';
export * from './sla.ts';
export { Fault, Problem } from './reply-parts.ts';
export {
  healthStates,
  ReadinessReply,
  ServiceReply,
  StatusReply,
  verdictAnswers,
  VerdictReply,
  type HealthState,
} from './service-replies.ts';
export { FailoverFactsReply, FailoverReply, ScheduledSwitchoverReply } from './failover-replies.ts';
export {
  ScalingBacktestReply,
  ScalingFactsReply,
  ScalingHistoryReply,
  ScalingLoadReply,
  ScalingPreviewReply,
  ScalingReply,
  type ScalingPreview,
} from './scaling-replies.ts';
export * from './page-replies.ts';
export { ServicePlaybooksReply } from './playbook-replies.ts';
export * from './replies.ts';
export * from './metrics/index.ts';
