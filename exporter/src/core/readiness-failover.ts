import { failed, judge, unknown, type Answer, type Check, type ReadinessInput } from './readiness-answers.ts';

// Checks of services that can fail over; they do not arise for others.

function failoverReady({ service }: ReadinessInput): Answer {
  if (service.failover === null) return null;
  const { wouldSucceed, candidate, reasons, rejected } = service.failover.standing;
  if (wouldSucceed === true) return judge(true, `${candidate ?? 'a node'} could take over`);
  const why = [...reasons, ...rejected.map(({ node, reason }) => `${node}: ${reason}`)].join('; ');
  return wouldSucceed === null ? unknown(why || 'not known yet') : failed(why);
}

export const failoverChecks: readonly Check[] = [
  {
    id: 'failover_ready',
    component: 'recovery',
    weight: 3,
    question: 'Would a failover succeed now?',
    mend: 'see the Failover page: it says why not, for each node',
    answer: failoverReady,
  },
  {
    id: 'failover_sound',
    component: 'replication',
    weight: 1,
    question: 'Does nothing in the settings of the nodes put a failover at risk?',
    mend: 'see the warnings on the Failover page, and mend what they name',
    answer: ({ service }) => {
      if (service.failover === null) return null;
      const [first, ...more] = service.failover.warnings;
      if (first === undefined) return judge(true, 'no risk is known');
      return failed(`${first}${more.length === 0 ? '' : `; and ${more.length} more`}`);
    },
  },
];
