// A client of Redis on a thread of its own: it reads one key again and again, and gives its latencies when it is asked for them.
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { Redis } from 'ioredis'

/** Milliseconds between two reads. */
const PAUSE = 1

const redis = new Redis(workerData.port, '127.0.0.1')
let times = []
parentPort.on('message', () => {
  parentPort.postMessage(times)
  times = []
})
for (;;) {
  const begun = performance.now()
  await redis.get('somebody')
  times.push(performance.now() - begun)
  await sleep(PAUSE)
}
