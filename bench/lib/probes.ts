import { Worker } from 'node:worker_threads'
import type { Reply } from './crowd.js'

interface Probed {
  readonly url: string
  readonly token: string
  readonly path: string
  /** Between an answer and the next request. */
  readonly pauseMs: number
}

export interface Probes {
  /** Ends the probes. Returns what they were told since their start. */
  stop(): Promise<readonly Reply[]>
}

/** Starts a thread that asks for a path again and again. Resolves when the first answer is there. */
export async function startProbes(probed: Probed): Promise<Probes> {
  const worker = new Worker(new URL('probe-thread.mjs', import.meta.url), {
    workerData: probed,
    execArgv: [],
  })
  const next = <T>() =>
    new Promise<T>((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
  await next()
  return {
    stop() {
      const replies = next<readonly Reply[]>()
      worker.postMessage('stop')
      return replies
    },
  }
}
