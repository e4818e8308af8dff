import type { FailoverNode } from '../port.ts';
import { nodeWarnings, waitingWarnings, type SettingsRow } from './warnings.ts';

const row: SettingsRow = {
  standby: false,
  version: 150_018,
  walLevel: 'replica',
  checksums: true,
  logHints: true,
  fullPageWrites: true,
  maxWalSenders: 8,
  maxReplicationSlots: 8,
  hotStandby: true,
  syncNames: '',
  syncCommit: 'on',
  archiveMode: 'off',
  restarts: true,
  conninfo: null,
  slot: null,
  mayPromote: true,
  mayAlter: true,
  senders: [],
  brokenSlots: null,
};
const standby = { ...row, standby: true, slot: 'b', conninfo: 'host=a application_name=b' };
const node = (name: string, candidate = true): FailoverNode => ({
  name,
  region: 'here',
  priority: 100,
  candidate,
  server: null,
  data: '/data',
  url: null,
  commands: { stop: null, start: null, confirmDown: null, promote: null, demote: null, drain: null, admit: null },
  webhook: null,
});

describe('warnings about a node', () => {
  it('are none where all is as it should be', () => {
    expect(nodeWarnings(node('a'), row)).toEqual([]);
    expect(nodeWarnings(node('b'), standby)).toEqual([]);
  });

  it('name the slots whose log is lost', () => {
    expect(nodeWarnings(node('a'), { ...row, brokenSlots: ['b'] })).toEqual([
      'a has lost log of the slots b: those standbys need a new copy',
    ]);
  });
});

describe('a promotion that would end the waiting for synchronous standbys', () => {
  const synchronous = { node: node('a'), row: { ...row, syncNames: 'b' } };

  it('is warned of, for each that may be promoted', () => {
    expect(
      waitingWarnings([synchronous, { node: node('b'), row: standby }, { node: node('c', false), row: standby }]),
    ).toEqual(['b has no synchronous_standby_names, a has: as the primary its commits wait for nobody']);
  });

  it('is none where it names somebody, too, where nobody waits, and where it cannot be asked', () => {
    expect(waitingWarnings([synchronous, { node: node('b'), row: { ...standby, syncNames: 'a' } }])).toEqual([]);
    expect(
      waitingWarnings([
        { node: node('a'), row },
        { node: node('b'), row: standby },
      ]),
    ).toEqual([]);
    expect(waitingWarnings([synchronous, { node: node('b'), row: null }])).toEqual([]);
  });
});
