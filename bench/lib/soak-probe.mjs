// Probe that `--import` loads into the service under soak. At SIGUSR2 it prints a line of JSON with figures that no metric
// has: the memory in use after a garbage collection, and the event loop's delay since the last probe, without that collection.
import { writeSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()

process.on('SIGUSR2', () => {
  delay.disable()
  const loop = { p99Ms: delay.percentile(99) / 1e6, maxMs: delay.max / 1e6 }
  globalThis.gc()
  const { heapUsed, external, rss } = process.memoryUsage()
  writeSync(1, `${JSON.stringify({ probe: { liveBytes: heapUsed + external, rssBytes: rss, ...loop } })}\n`)
  delay.reset()
  delay.enable()
})
