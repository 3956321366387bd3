// Loaded into the service under soak by `--import`: answers SIGUSR2 with a line of what no metric tells, the memory in
// use after a collection, and the delay of the event loop since the last one, without that collection.
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
