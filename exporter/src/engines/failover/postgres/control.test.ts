import { readFileSync } from 'node:fs';
import { parseControl, positionBytes } from './control.ts';
import { divergedBytes, historyName, parseHistory, type Line } from './history.ts';
import { lastOptions } from './start.ts';

function recorded(name: string): string {
  return readFileSync(new URL(`./testdata/${name}`, import.meta.url), 'utf8');
}

describe('pg_controldata', () => {
  it('of a primary that was stopped in order names its last checkpoint', () => {
    expect(parseControl(recorded('controldata-shut-down-15.18.txt'))).toEqual({
      systemId: '7711040988714374488',
      state: 'shut down',
      timeline: 1,
      checkpointTimeline: 1,
      checkpointBytes: 0x4000028,
      recoveryEndBytes: 0,
      rewindable: true,
    });
  });

  it('of a standby says how far it has come, and of a server that runs that it does', () => {
    expect(parseControl(recorded('controldata-standby-15.18.txt'))).toMatchObject({
      state: 'shut down in recovery',
      recoveryEndBytes: 0x40000a0,
    });
    expect(parseControl(recorded('controldata-running-15.18.txt'))?.state).toBe('in production');
  });

  it('takes the timeline that recovery has come to where the last checkpoint is older', () => {
    const text = recorded('controldata-standby-15.18.txt').replace(/(Min recovery ending loc's timeline: +)1/, '$13');

    expect(parseControl(text)).toMatchObject({ timeline: 3, checkpointTimeline: 1 });
  });

  it('is not guessed from other text', () => {
    expect(parseControl('pg_controldata: error: could not open file')).toBeNull();
    expect(positionBytes('0/4000028 or so')).toBeNull();
    expect(positionBytes('1/0')).toBe(2 ** 32);
  });
});

describe('timelines', () => {
  const history = parseHistory(recorded('timeline-2-15.18.history'));
  const promoted: Line = { timeline: 2, reachedBytes: 0x4000200, history };
  const on = (timeline: number, reachedBytes: number, own: Line['history'] = null): Line => ({
    timeline,
    reachedBytes,
    history: own,
  });

  it('a history file says where the old one was left', () => {
    expect(history).toEqual([{ timeline: 1, atBytes: 0x40000a0 }]);
    expect(historyName(26)).toBe('0000001A.history');
  });

  it('who has not passed the fork can follow', () => {
    expect(divergedBytes(on(1, 0x40000a0), promoted)).toBe(0);
  });

  it('who has passed it has bytes of its own', () => {
    expect(divergedBytes(on(1, 0x40000a0 + 520), promoted)).toBe(520);
  });

  it('two that were promoted to one number are apart', () => {
    expect(divergedBytes(on(2, 0x4000100, [{ timeline: 1, atBytes: 0x3000000 }]), promoted)).toBeNull();
    expect(divergedBytes(on(2, 0x4000100, history), promoted)).toBe(0);
  });

  it('who is on a timeline that the primary never was on is apart', () => {
    expect(divergedBytes(on(3, 0x4000100), promoted)).toBeNull();
  });
});

describe('the arguments of the last start', () => {
  it('are kept without the folder', () => {
    expect(lastOptions(recorded('postmaster-15.18.opts'))).toEqual([]);
    expect(lastOptions('/usr/bin/postgres "-D" "/data" "-c" "config_file=/etc/postgresql.conf"\n')).toEqual([
      '-c',
      'config_file=/etc/postgresql.conf',
    ]);
  });

  it('are not those of a start apart that was broken off', () => {
    expect(lastOptions('/usr/bin/postgres "-D" "/data" "-i" "-c" "listen_addresses=" "-c" "port=1"\n')).toEqual(['-i']);
  });
});
