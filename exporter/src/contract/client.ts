/** All of the contract that a browser's client needs at run time; nothing here pulls in zod. Types come from contract/index.ts. */
export * from './backup.ts';
export * from './cancel.ts';
export * from './errors.ts';
export * from './live-facts.ts';
export * from './operation.ts';
export * from './readiness.ts';
export * from './routes.ts';
export { slaNames, type SlaName } from './snapshot.ts';
