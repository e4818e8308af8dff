import type { App } from '../runtime/app.ts';

const maxRowsPerMinute = 60;

export interface Denial {
  readonly actor: string;
  readonly role: string;
  readonly via: string;
  readonly action: string;
  readonly target: string | null;
  readonly remote: string;
  readonly addressKey: string;
  readonly code: string;
}

/**
 * Audit rows of refused actions, bounded so that an attacker cannot fill the disk: one row an address and minute, 60 a
 * minute over all; what was left out is counted and written with the next row, or when the minute is over.
 */
export interface DenialLog {
  record(denial: Denial): Promise<void>;
  /** Writes the counts that are still open. */
  close(): Promise<void>;
}

interface Window {
  readonly denial: Denial;
  suppressed: number;
  timer: NodeJS.Timeout;
}

export function createDenialLog(app: Pick<App, 'audit' | 'log'>, windowMs = 60_000): DenialLog {
  const windows = new Map<string, Window>();
  let overflow = 0;

  const write = async (denial: Denial, details: Readonly<Record<string, unknown>>): Promise<void> => {
    const { actor, role, via, action, target, remote } = denial;
    const row = {
      actor,
      role,
      via,
      action,
      service: null,
      target,
      result: 'denied',
      reason: null,
      operationId: null,
      remote,
    } as const;
    try {
      await app.audit({ ...row, details: { code: denial.code, ...details } });
    } catch (thrown) {
      // The request is refused either way; that the audit log is down shows in readyz and refuses every real action.
      app.log.error('a refused action could not be audited', { action, error: String(thrown) });
    }
  };

  const open = (denial: Denial): void => {
    const timer = setTimeout(() => void expire(denial.addressKey), windowMs);
    timer.unref();
    windows.set(denial.addressKey, { denial, suppressed: 0, timer });
  };

  const expire = async (key: string): Promise<void> => {
    const window = windows.get(key);
    windows.delete(key);
    if (window === undefined || window.suppressed === 0) return;
    open(window.denial); // the count is this address's row of the new minute
    await write(window.denial, { furtherRefusals: window.suppressed });
  };

  return {
    async record(denial) {
      const window = windows.get(denial.addressKey);
      if (window !== undefined) window.suppressed += 1;
      else if (windows.size >= maxRowsPerMinute) overflow += 1;
      else {
        open(denial);
        const others = overflow;
        overflow = 0;
        await write(denial, others === 0 ? {} : { refusalsOfOtherAddresses: others });
      }
    },
    async close() {
      for (const window of windows.values()) {
        clearTimeout(window.timer);
        if (window.suppressed > 0) await write(window.denial, { furtherRefusals: window.suppressed });
      }
      windows.clear();
    },
  };
}
