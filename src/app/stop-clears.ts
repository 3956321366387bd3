import { type ClearStop, createClearStop } from '../affinities/clear/clear-stop.js'
import type { WriteBackGuard } from '../affinities/clear/write-back-guard.js'

/**
 * A stop waits so long after its signal for guard windows, in milliseconds: with what comes after it stays below the 60 s that
 * deploy/ gives it.
 */
const WINDOWS_MS = 45_000

export interface StopClears {
  readonly stop: ClearStop
  /** Ends clears between two batches from now on. */
  begin(): void
  /**
   * Waits for running clears and then, if `begin` was called, until what gateways write back of cleared affinities has been
   * removed.
   */
  done(): Promise<void>
}

export interface StopClearsDeps {
  readonly audit: { clearsDone(): Promise<void> }
  readonly guard: Pick<WriteBackGuard, 'settled' | 'windows'>
  /** The gateway ends with this process, so that nothing is written back afterwards. */
  readonly endsWithGateway: boolean
  readonly log: {
    info(facts: object, message: string): void
    warn(facts: object, message: string): void
  }
  /** Milliseconds of a clock that is never set. */
  readonly now?: () => number
}

/** What a stop does about clears: those that run, and those that are guarded. */
export function createStopClears(deps: StopClearsDeps): StopClears {
  const { audit, guard, endsWithGateway, log, now = () => performance.now() } = deps
  const stop = createClearStop()
  let begunAt: number | undefined
  return {
    stop,
    begin() {
      begunAt ??= now()
      stop.stop()
    },
    async done() {
      await audit.clearsDone()
      if (begunAt === undefined || endsWithGateway || guard.windows === 0) return
      log.info({ windows: guard.windows }, 'the stop waits for guard windows')
      if (await guard.settled(Math.max(0, begunAt + WINDOWS_MS - now()))) return
      log.warn({ windows: guard.windows }, 'the stop cuts guard windows short')
    },
  }
}
