/** Name of the circuit breaker of scaling actions; a takeover has its own. */
export const scalingBreaker = 'scaling';
