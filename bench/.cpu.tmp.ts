import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { createCounters } from '../exporter/src/metrics/counters.ts';
import { createProcessRegistry } from '../exporter/src/metrics/process.ts';
import { createMetricsPage } from '../exporter/src/metrics/render.ts';
import { serviceWith, snapshotWith, testNow } from '../exporter/src/contract/testing.ts';
const mk = (tick: number) => { const at = new Date(+testNow + tick*10000).toISOString(); const b = snapshotWith();
  const services = Array.from({length: 1500}, (_, i) => { const s = JSON.parse(JSON.stringify(serviceWith({name: `service-${i}`, region: `region-${i%5}`}), (k,v)=> k==='at'?at:v)); return {...s, readiness: {...s.readiness, score: ((i+tick)%97)/97}}; });
  return {...b, at, services, system: {...b.system, at}}; };
const page = createMetricsPage({ cluster: 'test', counters: createCounters({cluster:'test'}), processRegistry: createProcessRegistry() });
const snaps: any[] = Array.from({length:4}, (_, t)=>mk(t));
await page.render(snaps[0], testNow, c=>true);
await page.render(snaps[0], testNow, c=>true);
const gcs: any[] = []; new PerformanceObserver(l=>l.getEntries().forEach(e=>gcs.push([e.duration, (e as any).detail.kind]))).observe({entryTypes:['gc']});
globalThis.gc?.(); globalThis.gc?.();
let last=performance.now(), gaps: number[]=[]; let on=true;
(function loop(){ const n=performance.now(); gaps.push(n-last); last=n; if(on) setImmediate(loop); })();
for (let t=0;t<20;t++){ const s=snaps[t%4]; await page.render(s, new Date(Date.parse(s.at)+1234+t), c=>true); await new Promise(r=>setTimeout(r,100)); }
on=false; gaps.sort((a,b)=>b-a); console.log('largest gaps', gaps.slice(0,20).map(x=>x.toFixed(1)).join(' '), 'gc', gcs.length, gcs.sort((a,b)=>b[0]-a[0]).slice(0,8).map(x=>x[0].toFixed(1)+':'+x[1]).join(' '), process.memoryUsage().heapUsed);
process.exit(0);
