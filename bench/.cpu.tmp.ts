import { createCounters } from '../exporter/src/metrics/counters.ts';
import { createProcessRegistry } from '../exporter/src/metrics/process.ts';
import { createMetricsPage } from '../exporter/src/metrics/render.ts';
import { serviceWith, snapshotWith, testNow } from '../exporter/src/contract/testing.ts';
const mk = (tick: number) => { const at = new Date(+testNow + tick*10000).toISOString(); const b = snapshotWith();
  const services = Array.from({length: 1500}, (_, i) => { const s = JSON.parse(JSON.stringify(serviceWith({name: `service-${i}`, region: `region-${i%5}`}), (k,v)=> k==='at'?at:v)); return {...s, readiness: {...s.readiness, score: ((i+tick)%97)/97}}; });
  return {...b, at, services, system: {...b.system, at}}; };
const page = createMetricsPage({ cluster: 'test', counters: createCounters({cluster:'test'}), processRegistry: createProcessRegistry() });
const snaps = Array.from({length:4}, (_, t)=>mk(t));
const pool = Buffer.allocUnsafe(1<<20);
for (const mode of ['none','byteLength','none','byteLength']) {
 const out=[];
 for (let t=0;t<20;t++) { const s:any=snaps[t%4]; const now = new Date(Date.parse(s.at)+1234+t);
  const c0=process.cpuUsage(); await page.render(s, now, c=>{ if (mode==='byteLength') pool.write(c); return true;}); const c1=process.cpuUsage(c0); out.push((c1.user+c1.system)/1000); }
 console.log(mode, out.map(x=>x.toFixed(0)).join(' '));
}
process.exit(0);
