import { AffinityqlError } from './errors.js'
import { pause, pauseAfter } from './retry.js'
import type { CallOptions } from './transport.js'

type Fetch<Arguments, Result, Options> = (args: Arguments, options: Options) => Promise<Result>

/** A walk waits so long for a page, in milliseconds, as a restart of the server or of a store takes. */
const LONGEST_OUTAGE_MS = 60_000
/** The pages were asked for four times by then: the next pause is longer. */
const ATTEMPTS_BEFORE = 3

/**
 * Fetches pages of a walk: one that fails after the first is asked for until a minute has passed, if another try may help.
 * Seconds of an outage would otherwise cost all that was read before. An aborted signal ends the wait.
 * @param onWait is called before each pause with what failed
 */
export const goingOn =
  <Arguments extends { readonly after?: string | null | undefined }, Result, Options extends CallOptions>(
    fetchPage: Fetch<Arguments, Result, Options>,
    onWait: ((error: AffinityqlError) => void) | undefined,
  ): Fetch<Arguments, Result, Options> =>
  async (args, options) => {
    const begun = performance.now()
    for (let attempt = ATTEMPTS_BEFORE; ; attempt += 1) {
      try {
        return await fetchPage(args, options)
      } catch (error) {
        const isOver = args.after == null || performance.now() - begun > LONGEST_OUTAGE_MS
        const ms = isOver ? undefined : pauseAfter(error, attempt, LONGEST_OUTAGE_MS / 1_000)
        if (ms === undefined) throw error
        if (error instanceof AffinityqlError) onWait?.(error)
        await pause(ms, options.signal)
      }
    }
  }
