import { runningNow } from './loop-clock.js'
import { runningTime } from './running-time.js'

export interface HangGuardOptions {
  /** Checks that the server answers, on a connection of its own; rejects if it does not. */
  readonly probe: () => Promise<void>
  /** Milliseconds of this process's running time that a statement may take before the server is probed. */
  readonly suspectAfterMs: number
  /** Milliseconds that a probe may take. */
  readonly probeTimeoutMs: number
}

export interface HangGuard {
  /** Runs a statement. It rejects as soon as the server is known to hang. */
  run<T>(statement: () => Promise<T>): Promise<T>
  close(): void
}

const PROBE_AGAIN_MS = 250
/** The message of pg for a statement that timed out, by which the error counts as an outage. */
const NO_ANSWER = 'Query read timeout'

/**
 * Distinguishes a slow server from one that hangs, because it is paused or cut off (a circuit breaker with a probe). A slow
 * statement may continue. On a server that hangs, a statement fails after `suspectAfterMs` + `probeTimeoutMs`, and all
 * further ones fail at once, until a probe is answered. A failed statement may still run when the server continues.
 */
export function createHangGuard({ probe, suspectAfterMs, probeTimeoutMs }: HangGuardOptions): HangGuard {
  let probing: Promise<boolean> | undefined
  let hangs = false
  let again: NodeJS.Timeout | undefined

  /** Probes the server. Callers share a running probe (single flight). */
  function isAlive(): Promise<boolean> {
    probing ??= answersInTime(probe, probeTimeoutMs).then((alive) => {
      probing = undefined
      hangs = !alive
      if (hangs) again = setTimeout(() => void isAlive(), PROBE_AGAIN_MS).unref()
      return alive
    })
    return probing
  }

  return {
    async run(statement) {
      if (hangs) throw new Error(NO_ANSWER)
      let timer: NodeJS.Timeout | undefined
      let ended = false
      const hung = new Promise<never>((_resolve, reject) => {
        const look = async () => {
          if (!(await isAlive())) reject(new Error(NO_ANSWER))
          else if (!ended) watch()
        }
        const watch = () => {
          const suspectAt = runningNow() + suspectAfterMs
          // A process that was blocked meanwhile has not waited for the server.
          const again = () => {
            const left = suspectAt - runningNow()
            if (left > 0) timer = setTimeout(again, Math.ceil(left)).unref()
            else void look()
          }
          again()
        }
        watch()
      })
      try {
        return await Promise.race([statement(), hung])
      } finally {
        ended = true
        clearTimeout(timer)
      }
    },
    close() {
      clearTimeout(again)
    },
  }
}

async function answersInTime(probe: () => Promise<void>, timeoutMs: number): Promise<boolean> {
  const answered = probe().then(
    () => true,
    () => false,
  )
  return Promise.race([answered, runningTime(timeoutMs).then(() => false)])
}
