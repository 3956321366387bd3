import { type FollowerAction, type FollowerEvent, STATES, TRANSITIONS } from './follower-states.js'

/** Runs the state machine of follower-states.ts: holds the state, and hands the action of each step to the follower. */
export class FollowerMachine {
  readonly #act: (action: FollowerAction, reason: unknown) => void
  #state: keyof typeof STATES = 'waiting'
  #current = new AbortController()

  constructor(act: (action: FollowerAction, reason: unknown) => void) {
    this.#act = act
  }

  /** What the current state means to readers. */
  get meaning() {
    return STATES[this.#state]
  }

  /** A signal that the next step aborts, so that work begun in this state ends. */
  get signal(): AbortSignal {
    return this.#current.signal
  }

  /** @param reason the error that caused the event, if there was one */
  send(event: FollowerEvent, reason?: unknown): void {
    const step = TRANSITIONS[this.#state][event]
    if (step === undefined) return
    this.#state = step.to
    this.#current.abort()
    this.#current = new AbortController()
    this.#act(step.action, reason)
  }

  /** Sends `retry` after these milliseconds, unless another step happens before. */
  retryIn(ms: number): void {
    const timer = setTimeout(() => this.send('retry'), ms).unref()
    this.signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
  }
}
