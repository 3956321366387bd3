import type { AffinitySource } from '../affinity-source.js'

/** The events of the follower's state machine. */
export type FollowerEvent =
  // Reported by the feed.
  | 'restored'
  | 'lost'
  | 'refused'
  | 'flushed'
  // A full read has ended, and all changes reported meanwhile are applied.
  | 'filled'
  // The cache did not answer a full read or a read of changed keys (`unreadable`); it answers reads of changed keys again.
  | 'unreadable'
  | 'readable'
  // The index would take more memory than there is.
  | 'tooLarge'
  // Our own code failed.
  | 'fault'
  // The pause before the next attempt has ended.
  | 'retry'
  | 'closed'

/** The actions of the follower, one for each step. */
export type FollowerAction =
  | 'readAll'
  | 'readAllAfterFlush'
  | 'readAllLater'
  | 'follow'
  | 'fallBehind'
  | 'lose'
  | 'scan'
  | 'discard'
  | 'outgrow'
  | 'giveUp'
  | 'close'

interface Meaning {
  /** The state that readers see, as AffinitySource describes it. */
  readonly source: AffinitySource['state']
  /** False if changes are dropped, because there is no index. */
  readonly takesChanges: boolean
  /** Why each request scans; absent if none does. */
  readonly scanReason?: AffinitySource['scanReason']
  /** The error message for those who want to listen to events; absent if they can. */
  readonly refusal?: string
}

const SHORTLY = 'Changes to the cache are not seen just now. Try again shortly.'

export const STATES = {
  /** The feed has not reported yet. */
  waiting: { source: 'starting', takesChanges: true },
  /** The feed reports changes, a full read runs, and readers wait. */
  filling: { source: 'starting', takesChanges: true },
  /** The same after a flush: the index was complete, so a record that is missing was removed by this flush. */
  refilling: { source: 'starting', takesChanges: true },
  /** The index is complete and follows the cache. */
  live: { source: 'live', takesChanges: true },
  /** Some changed keys cannot be read, and are tried again and again; the rest of the index is complete. */
  behind: { source: 'lost', takesChanges: true, refusal: SHORTLY },
  /** The feed reports changes again after an outage; a full read runs or will be tried again, and readers are refused. */
  recovering: { source: 'lost', takesChanges: true, refusal: SHORTLY },
  /** The feed no longer reports changes. */
  lost: { source: 'lost', takesChanges: true, refusal: SHORTLY },
  /** The cache refuses to report changes: each request scans all affinities. */
  scanning: {
    source: 'scanning',
    scanReason: 'tracking-refused',
    takesChanges: false,
    refusal:
      'The cache does not tell changes (client tracking is refused or ends too often): there are no events.',
  },
  /** The feed reports changes after a refusal or a fault; until the full read ends, each request scans all affinities. */
  warming: { source: 'scanning', scanReason: 'reading', takesChanges: true, refusal: SHORTLY },
  /** Our own code failed: the index is given up for a pause, and each request scans all affinities. */
  faulty: {
    source: 'scanning',
    scanReason: 'fault',
    takesChanges: false,
    refusal:
      'Changes to the cache are not seen just now because of a fault in this service; its log tells which.',
  },
  /** The affinities do not fit into memory: for a long pause each request scans them all. */
  tooLarge: {
    source: 'scanning',
    scanReason: 'index-too-large',
    takesChanges: false,
    refusal: 'The affinities do not fit into the memory of this service: there are no events.',
  },
  closed: { source: 'lost', takesChanges: false, refusal: 'The service is stopping.' },
} as const satisfies Record<string, Meaning>

export type FollowerState = keyof typeof STATES

export interface Step {
  readonly to: FollowerState
  readonly action: FollowerAction
}

const step = (to: FollowerState, action: FollowerAction): Step => ({ to, action })

/** The step from a state in which the index grows, once it does not fit. */
const tooLarge = step('tooLarge', 'outgrow')

const always = {
  lost: step('lost', 'lose'),
  refused: step('scanning', 'scan'),
  fault: step('faulty', 'giveUp'),
  closed: step('closed', 'close'),
}

/** The transition table: state × event → next state and action. An event that a row does not name is ignored. */
export const TRANSITIONS: Readonly<Record<FollowerState, Partial<Record<FollowerEvent, Step>>>> = {
  waiting: {
    ...always,
    fault: step('waiting', 'discard'),
    restored: step('filling', 'readAll'),
  },
  filling: {
    ...always,
    tooLarge,
    restored: step('filling', 'readAll'),
    flushed: step('filling', 'readAll'),
    filled: step('live', 'follow'),
    unreadable: step('recovering', 'readAllLater'),
  },
  refilling: {
    ...always,
    tooLarge,
    restored: step('filling', 'readAll'),
    flushed: step('refilling', 'readAllAfterFlush'),
    filled: step('live', 'follow'),
    unreadable: step('recovering', 'readAllLater'),
  },
  live: {
    ...always,
    tooLarge,
    restored: step('filling', 'readAll'),
    flushed: step('refilling', 'readAllAfterFlush'),
    unreadable: step('behind', 'fallBehind'),
  },
  behind: {
    ...always,
    tooLarge,
    restored: step('recovering', 'readAll'),
    flushed: step('recovering', 'readAll'),
    readable: step('live', 'follow'),
  },
  recovering: {
    ...always,
    tooLarge,
    restored: step('recovering', 'readAll'),
    flushed: step('recovering', 'readAll'),
    filled: step('live', 'follow'),
    unreadable: step('recovering', 'readAllLater'),
    retry: step('recovering', 'readAll'),
  },
  lost: {
    ...always,
    fault: step('lost', 'discard'),
    restored: step('recovering', 'readAll'),
  },
  scanning: {
    ...always,
    fault: step('scanning', 'discard'),
    restored: step('warming', 'readAll'),
  },
  warming: {
    ...always,
    tooLarge,
    restored: step('warming', 'readAll'),
    flushed: step('warming', 'readAll'),
    filled: step('live', 'follow'),
    unreadable: step('warming', 'readAllLater'),
    retry: step('warming', 'readAll'),
  },
  faulty: {
    ...always,
    restored: step('warming', 'readAll'),
    retry: step('warming', 'readAll'),
  },
  tooLarge: {
    ...always,
    restored: step('warming', 'readAll'),
    retry: step('warming', 'readAll'),
  },
  closed: {},
}

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
