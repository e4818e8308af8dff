export * from './errors.ts';
export * from './observed.ts';
export * from './backup.ts';
export * from './operation.ts';
export * from './readiness.ts';
export * from './snapshot.ts';
export * from './actions.ts';
export * from './metrics/index.ts';
