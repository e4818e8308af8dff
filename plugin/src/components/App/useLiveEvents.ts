import { useEffect } from 'react';
import { client, connection, queryClient } from '../../api/grafana.ts';
import { hasEnded } from '../../api/hooks.ts';
import { applyAlert, applyOperation, applySnapshot, noteOperation } from '../../api/invalidate.ts';
import { createLiveStream } from '../../api/live.ts';
import type { Operation } from '../../api/types.ts';
import { createThrottle } from '../../lib/throttle.ts';

const setTimer = (work: () => void, ms: number): (() => void) => {
  const timer = setTimeout(work, ms);
  return () => clearTimeout(timer);
};

/** A running operation tells of its progress several times a second; lists need not follow that closely. */
const listsEveryMs = 2_000;

/** Keeps the event stream open while the tab is visible: an open stream holds one of the browser's few connections. */
export function useLiveEvents(): void {
  useEffect(() => {
    const snapshot = createThrottle(() => applySnapshot(queryClient), listsEveryMs, setTimer);
    const alert = createThrottle(() => applyAlert(queryClient), listsEveryMs, setTimer);
    const seen = new Map<string, string>();
    const onOperation = (operation: Operation): void => {
      noteOperation(queryClient, operation);
      if (seen.get(operation.id) === operation.state) return;
      if (hasEnded(operation.state)) seen.delete(operation.id);
      else seen.set(operation.id, operation.state);
      applyOperation(queryClient, operation);
    };
    const stream = createLiveStream(
      client.url('events'),
      { onOperation, onSnapshot: snapshot.run, onAlert: alert.run },
      connection,
      { open: (url) => new EventSource(url), setTimer },
    );
    const follow = (): void => (document.hidden ? stream.stop() : stream.start());
    document.addEventListener('visibilitychange', follow);
    follow();
    return () => {
      document.removeEventListener('visibilitychange', follow);
      snapshot.cancel();
      alert.cancel();
      stream.stop();
    };
  }, []);
}
