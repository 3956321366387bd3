import { chromium } from 'playwright-core'
const base = process.argv[2]!
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox','--disable-gpu','--disable-quic','--no-first-run'] })
for (const path of ['/affinities?size=100', '/affinities?size=1000', '/', '/affinities?size=100&q=claude']) {
  const ctx = await browser.newContext({ viewport: {width:1440,height:900} })
  await ctx.addInitScript(`sessionStorage.setItem('affinityql.session', JSON.stringify({token:'root',expiresAt:null}));
   window.__long=[]; window.__cls=0; window.__shifts=[];
   new PerformanceObserver(l=>{for(const e of l.getEntries()) window.__long.push([Math.round(e.startTime),Math.round(e.duration)])}).observe({type:'longtask',buffered:true});
   new PerformanceObserver(l=>{for(const e of l.getEntries()) {window.__cls+=e.value; window.__shifts.push([Math.round(e.startTime), e.value, (e.sources||[]).map(s=>s.node&&s.node.className||s.node&&s.node.nodeName)])}}).observe({type:'layout-shift',buffered:true});`)
  const p = await ctx.newPage()
  let bytes = 0
  const t0 = Date.now()
  await p.goto(base + path)
  if (path !== '/') await p.locator('tr[data-row]').first().waitFor(); else await p.locator('.figure .value').nth(1).getByText('%').waitFor()
  const usable = Date.now() - t0
  await p.waitForTimeout(2500)
  await p.evaluate('window.__mark=performance.now(); window.__cls0=window.__cls')
  await p.waitForTimeout(12000)
  const r: any = await p.evaluate(`({ after: window.__long.filter(([t])=>t>window.__mark), load: window.__long.filter(([t])=>t<=window.__mark), cls: window.__cls, clsAfter: window.__cls-window.__cls0, shifts: window.__shifts, heap: performance.memory && Math.round(performance.memory.usedJSHeapSize/1e6), bar: document.querySelector('.live-changes')?.textContent, js: performance.getEntriesByType('resource').filter(r=>r.name.endsWith('.js')).reduce((s,r)=>s+r.transferSize,0), jsn: performance.getEntriesByType('resource').filter(r=>r.name.endsWith('.js')).length })`)
  console.log(path, JSON.stringify({ usable, ...r }))
  await ctx.close()
}
await browser.close()
