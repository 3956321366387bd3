// A client of Redis in a process of its own: it reads one key again and again, and gives its latencies when it is asked for them.
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'

/** Milliseconds between two reads. */
const PAUSE = 1

const redis = new Redis(Number(process.argv[2]), '127.0.0.1')
let times = []
process.on('message', () => {
  process.send(times)
  times = []
})
for (;;) {
  const begun = performance.now()
  await redis.get('somebody')
  times.push(performance.now() - begun)
  await sleep(PAUSE)
}
