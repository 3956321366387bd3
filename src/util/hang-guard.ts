import { setImmediate, setTimeout as sleep } from 'node:timers/promises'

export interface HangGuardOptions {
  /** Asks the server for a sign of life, on a connection of its own; rejects where there is none. */
  readonly probe: () => Promise<void>
  /** How long a statement may run, in milliseconds, before the server is asked whether it is still there. */
  readonly suspectAfterMs: number
  /** How long a probe may take, in milliseconds. */
  readonly probeTimeoutMs: number
}

export interface HangGuard {
  /** Runs a statement; rejects as soon as the server is known to hang. */
  run<T>(statement: () => Promise<T>): Promise<T>
  close(): void
}

const PROBE_AGAIN_MS = 250
/** As pg says it of a single statement. */
const NO_ANSWER = 'Query read timeout'

/**
 * Tells a server that is slow from one that no longer answers at all (paused, cut off). A slow statement may take its
 * time. One that waits for a server that hangs is given up after `suspectAfterMs` + `probeTimeoutMs`, and every further
 * one at once, until a probe is answered. What was given up may still be carried out when the server goes on.
 */
export function createHangGuard({ probe, suspectAfterMs, probeTimeoutMs }: HangGuardOptions): HangGuard {
  let probing: Promise<boolean> | undefined
  let hangs = false
  let again: NodeJS.Timeout | undefined

  /** Callers that ask while a probe is under way share its answer (single flight). */
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
  const tooLate = sleep(timeoutMs, undefined, { ref: false }).then(async () => {
    // The answer may be here already, if this process was too busy to read it.
    await setImmediate()
    return false
  })
  return Promise.race([answered, tooLate])
}
