import { databaseUnavailable, OverloadedError, UnavailableError } from '../errors.js'
import type { Credentials } from './authenticator.js'

/** Milliseconds between two checks of a token. */
const CHECK_EVERY_MS = 3_000
/** Checks that may stay without an answer, because a store is away, before a token counts as lost. */
const CHECKS_WITHOUT_ANSWER = 5

/** Checks the tokens of open streams again and again. */
export interface ViewerWatch {
  /**
   * Watches a token that is valid now. `onLost` is called once: within 5 s after the token or its account has lost its right,
   * or 15 s after the first check that a store did not answer, if none was answered since.
   * @returns a function that ends the watch
   */
  watch(credentials: Credentials, onLost: (error: unknown) => void): () => void
}

export interface ViewerWatchDeps {
  /** Checks the credentials of a stream. Throws UnavailableError if a store does not answer, which is no refusal. */
  readonly check: (credentials: Credentials) => Promise<unknown>
}

interface Watched {
  readonly credentials: Credentials
  readonly onLost: Set<(error: unknown) => void>
  isChecking: boolean
  /** True if a check has succeeded since the last tick. */
  isConfirmed: boolean
  unanswered: number
  lastError: unknown
}

/**
 * Checks each token once for all of its streams, and all tokens at the same time, so that their accounts are read together.
 * A store that stalls for a moment ends no stream. The checks without an answer are counted and not timed: a process that was
 * suspended has not asked meanwhile.
 */
export function createViewerWatch({ check }: ViewerWatchDeps): ViewerWatch {
  const watched = new Map<string, Watched>()
  let timer: NodeJS.Timeout | undefined

  function lose(name: string, token: Watched, error: unknown): void {
    if (watched.get(name) === token) watched.delete(name)
    for (const tell of [...token.onLost]) tell(error)
    token.onLost.clear()
    stopIfIdle()
  }

  async function checkAgain(name: string, token: Watched): Promise<void> {
    token.isChecking = true
    try {
      await check(token.credentials)
      token.isConfirmed = true
    } catch (error) {
      token.lastError = error
      if (!(error instanceof UnavailableError || error instanceof OverloadedError)) lose(name, token, error)
    } finally {
      token.isChecking = false
    }
  }

  function tick(): void {
    for (const [name, token] of watched) {
      token.unanswered = token.isConfirmed ? 0 : token.unanswered + 1
      token.isConfirmed = false
      if (token.unanswered >= CHECKS_WITHOUT_ANSWER) {
        lose(name, token, token.lastError ?? databaseUnavailable(undefined))
      } else if (!token.isChecking) void checkAgain(name, token)
    }
  }

  function stopIfIdle(): void {
    if (watched.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  return {
    watch(credentials, onLost) {
      const { authorization, deviceId, address } = credentials
      const name = JSON.stringify([authorization, deviceId, address])
      const token = watched.get(name) ?? {
        credentials,
        onLost: new Set(),
        isChecking: false,
        isConfirmed: true,
        unanswered: 0,
        lastError: undefined,
      }
      // The request that opens a stream has just checked the token.
      token.isConfirmed = true
      watched.set(name, token)
      token.onLost.add(onLost)
      timer ??= setInterval(tick, CHECK_EVERY_MS).unref()
      return () => {
        token.onLost.delete(onLost)
        if (token.onLost.size === 0 && watched.get(name) === token) watched.delete(name)
        stopIfIdle()
      }
    },
  }
}
