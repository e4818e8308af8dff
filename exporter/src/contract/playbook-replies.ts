import { z } from 'zod';
import { operationStates } from './operation.ts';
import {
  playbookActionNames,
  playbookConditions,
  playbookIssues,
  playbookModes,
  playbookOutcomes,
  playbookResults,
  type PlaybookFacts,
  type PlaybookRecord,
  type PlaybookRun,
  type ServicePlaybooks,
} from './playbooks.ts';
import { time } from './reply-parts.ts';

/** The wire form of contract/playbooks. */

const Record = z
  .object({
    action: z.enum(playbookActionNames),
    attempt: z.int().describe('From 1; 0: it was passed over.'),
    result: z.enum(playbookResults),
    detail: z.string(),
    endedAt: time,
  })
  .meta({ id: 'PlaybookRecord' });

const Run = z
  .object({
    operationId: z.string(),
    state: z.enum(operationStates),
    by: z.string(),
    reason: z.string().nullable(),
    startedAt: time,
    endedAt: time.nullable(),
    outcome: z.enum(playbookOutcomes).nullable(),
    records: z.array(Record),
  })
  .meta({ id: 'PlaybookRun' });

const PlaybookReply = z.object({
  issue: z.enum(playbookIssues),
  actions: z.array(
    z.object({
      action: z.enum(playbookActionNames),
      attempts: z.int(),
      when: z.enum(playbookConditions).nullable(),
      configured: z.boolean().describe('False: there is nothing that could do it, and it is passed over.'),
      how: z.string(),
    }),
  ),
  destructive: z.boolean().describe('It may fail over: it needs the role admin, `confirm` and a reason.'),
  lastRuns: z.array(Run),
});

export const ServicePlaybooksReply = z
  .object({
    service: z.string(),
    mode: z.enum(playbookModes),
    maxPerHour: z.int(),
    runsLastHour: z.int(),
    held: z.string().nullable().describe('Why no run would begin now; null: it would.'),
    issues: z.array(z.object({ issue: z.enum(playbookIssues), why: z.string() })),
    playbooks: z.array(PlaybookReply),
  })
  .meta({ id: 'ServicePlaybooks' });

/** The compiler compares the wire form with the interface that the program works with. */
type Fits<Wire, Model extends Wire> = [Wire, Model];
export type PlaybookFits = [
  Fits<keyof z.infer<typeof ServicePlaybooksReply>, keyof ServicePlaybooks>,
  Fits<keyof z.infer<typeof PlaybookReply>, keyof PlaybookFacts>,
  Fits<keyof z.infer<typeof Run>, keyof PlaybookRun>,
  Fits<keyof z.infer<typeof Record>, keyof PlaybookRecord>,
];
