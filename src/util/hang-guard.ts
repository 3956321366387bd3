import { setImmediate, setTimeout as sleep } from 'node:timers/promises'

export interface HangGuardOptions {
  /** Checks that the server answers, on a connection of its own; rejects if it does not. */
  readonly probe: () => Promise<void>
  /** Milliseconds that a statement may run before the server is probed. */
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
/** Number of steps in which the time of a probe is counted. */
const PROBE_STEPS = 20
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
          timer = setTimeout(() => void look(), suspectAfterMs).unref()
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

/**
 * Resolves after this process has waited for so many milliseconds. A step in which the process was busy, or had no core to
 * run on, counts only once, however long it was: such a process sees every server hang, though the fault is its own.
 */
async function runningTime(milliseconds: number): Promise<void> {
  for (let step = 0; step < PROBE_STEPS; step += 1) {
    await sleep(milliseconds / PROBE_STEPS, undefined, { ref: false })
    // The answer may have arrived but not been read yet.
    await setImmediate()
  }
}
