import { cacheUnavailable, notFollowed } from '../../errors.js'
import type { AffinitySource } from '../affinity-source.js'

interface Waiting {
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Lets readers pass, makes them wait, or refuses them, by the state of the follower. */
export class ReadinessGate {
  readonly #waiting = new Set<Waiting>()
  readonly #patienceMs: number
  #state: 'open' | 'shut' | { readonly refusal: unknown } = 'shut'

  /** @param patienceMs milliseconds that a reader waits at most */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs
  }

  /** Follows a new state of the follower. @param reason why readers are refused; the first one stays until the gate opens */
  follow(source: AffinitySource['state'], reason: unknown): void {
    if (source === 'live' || source === 'scanning') this.open()
    else if (source === 'starting') this.shut()
    else if (typeof this.#state === 'string') this.refuse(reason)
  }

  open(): void {
    this.#state = 'open'
    for (const { resolve } of this.#waiting) resolve()
  }

  /** Makes readers wait from now on. */
  shut(): void {
    this.#state = 'shut'
  }

  /** Refuses readers, also those that wait, with CACHE_UNAVAILABLE and this cause. */
  refuse(refusal: unknown): void {
    this.#state = { refusal }
    for (const { reject } of this.#waiting) reject(cacheUnavailable(refusal))
  }

  /** Resolves when the gate is open. @throws UnavailableError (CACHE_UNAVAILABLE), also after waiting too long */
  async pass(): Promise<void> {
    if (this.#state === 'open') return
    if (this.#state !== 'shut') throw cacheUnavailable(this.#state.refusal)
    await new Promise<void>((resolve, reject) => {
      const settle = (how: () => void) => {
        clearTimeout(timer)
        this.#waiting.delete(waiting)
        how()
      }
      const waiting = {
        resolve: () => settle(resolve),
        reject: (error: unknown) => settle(() => reject(error)),
      }
      const timer = setTimeout(
        () =>
          waiting.reject(notFollowed('All affinities are being read just now. Try again in some seconds.')),
        this.#patienceMs,
      )
      this.#waiting.add(waiting)
    })
  }
}
