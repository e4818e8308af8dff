import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDf, parseDisks, parseInterfaces, parseMemory, parseTicks } from './system-linux.ts';

const recorded = (name: string): string => readFileSync(join(import.meta.dirname, 'testdata/linux-6.18', name), 'utf8');

describe('files of Linux', () => {
  it('tell how busy the processors were, guests counted once', () => {
    expect(parseTicks('cpu  100 20 30 400 50 6 7 8 90 10\ncpu0 1 2 3 4\n')).toEqual({ busy: 171, all: 621 });
    expect(parseTicks(recorded('stat'))).toEqual({ busy: 6_844_369, all: 10_306_240 });
    expect(parseTicks('intr 5')).toBeNull();
  });

  it('tell memory, and nothing where they do not', () => {
    expect(parseMemory(recorded('meminfo'))).toEqual({
      total: 25_276_514_304,
      available: 20_540_997_632,
      swaptotal: 0,
      swapused: 0,
    });
    expect(parseMemory('')).toMatchObject({ total: 0, available: 0 });
  });

  it('tell file systems that have room for data, each once', () => {
    const text = `${recorded('df')}/dev/mapper/a b  xfs  1000  400  600  40% /srv/my data
nas:/vol  nfs4  2000  -  1500  - /mnt/nas
/dev/vda  ext4  264212084  1  1  33% /
`;

    expect(parseDf(text)).toEqual([
      { mount: '/', type: 'ext4', size: 264_212_084 * 1024, available: 63_775_400 * 1024 },
      { mount: '/srv/my data', type: 'xfs', size: 1_024_000, available: 614_400 },
    ]);
  });

  it('tell interfaces', () => {
    expect(parseInterfaces(recorded('net-dev')).filter(({ iface }) => iface === 'eth0')).toEqual([
      { iface: 'eth0', rx_bytes: 8_120_021_870, tx_bytes: 37_580_025, rx_errors: 0, tx_errors: 0 },
    ]);
    expect(parseInterfaces('Inter-|   Receive |  Transmit\n')).toEqual([]);
  });

  it('tell disks, not their partitions nor what is made of them', () => {
    const disks = ['loop0', 'vda', 'zram0', 'dm-0'];

    const partition = ' 254 1 vda1 5 0 5 0 5 0 5 0 0 0 0\n';

    expect(parseDisks(recorded('diskstats') + partition, disks)).toEqual({
      reads: 1_295_983,
      writes: 5_710_621,
      read: 32_954_938 * 512,
      written: 1_202_126_904 * 512,
    });
    expect(parseDisks('', disks)).toEqual({ reads: 0, writes: 0, read: 0, written: 0 });
  });
});
