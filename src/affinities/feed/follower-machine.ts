import { type FollowerAction, type FollowerEvent, STATES, TRANSITIONS } from './follower-states.js'

/** Runs the table: holds the one state, and hands each step's action to the follower. */
export class FollowerMachine {
  readonly #act: (action: FollowerAction, reason: unknown) => void
  #state: keyof typeof STATES = 'waiting'
  #current = new AbortController()

  constructor(act: (action: FollowerAction, reason: unknown) => void) {
    this.#act = act
  }

  /** What the state means to readers. */
  get meaning() {
    return STATES[this.#state]
  }

  /** Aborted by the next step: what was begun before it is then worthless. */
  get signal(): AbortSignal {
    return this.#current.signal
  }

  /** @param reason the error that made the event, if one did */
  send(event: FollowerEvent, reason?: unknown): void {
    const step = TRANSITIONS[this.#state][event]
    if (step === undefined) return
    this.#state = step.to
    this.#current.abort()
    this.#current = new AbortController()
    this.#act(step.action, reason)
  }

  /** Sends `retry` after so many milliseconds, unless another step is taken before. */
  retryIn(ms: number): void {
    const timer = setTimeout(() => this.send('retry'), ms).unref()
    this.signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
  }
}
