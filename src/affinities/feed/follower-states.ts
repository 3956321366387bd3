import type { AffinitySource } from '../affinity-source.js'

/** What has happened to the follower of changes. */
export type FollowerEvent =
  // The feed says so.
  | 'restored'
  | 'lost'
  | 'refused'
  | 'flushed'
  // A read of everything has ended, with all changes that were told meanwhile.
  | 'filled'
  // The cache did not answer a read of everything, or of changed keys; then one of changed keys was answered again.
  | 'unreadable'
  | 'readable'
  // Our own code failed.
  | 'fault'
  // The pause before the next attempt has ended.
  | 'retry'
  | 'closed'

/** What the follower does when it enters a state. */
export type FollowerAction =
  | 'readAll'
  | 'readAllAfterFlush'
  | 'readAllLater'
  | 'follow'
  | 'fallBehind'
  | 'lose'
  | 'scan'
  | 'discard'
  | 'giveUp'
  | 'close'

interface Meaning {
  /** What readers get, see AffinitySource. */
  readonly source: AffinitySource['state']
  /** False where changes are dropped, since there is no index. */
  readonly takesChanges: boolean
  /** Why nobody can listen to events; absent where events are told, or will be. */
  readonly refusal?: string
}

const SHORTLY = 'Changes to the cache are not seen just now. Try again shortly.'

export const STATES = {
  /** The cache has not told changes yet. */
  waiting: { source: 'starting', takesChanges: true },
  /** Changes are told, everything is being read, and readers wait. */
  filling: { source: 'starting', takesChanges: true },
  /** The same after a flush of a complete index: a record that is missing has gone just now. */
  refilling: { source: 'starting', takesChanges: true },
  /** The index holds everything and follows. */
  live: { source: 'live', takesChanges: true },
  /** The index holds everything but some changed keys, which the cache does not give; they are asked for again and again. */
  behind: { source: 'lost', takesChanges: true, refusal: SHORTLY },
  /** Changes are told, everything is being read or soon will be after an outage, and readers are refused. */
  recovering: { source: 'lost', takesChanges: true, refusal: SHORTLY },
  /** The cache does not tell changes any more. */
  lost: { source: 'lost', takesChanges: true, refusal: SHORTLY },
  /** The cache refuses to tell changes: each request reads everything. */
  scanning: {
    source: 'scanning',
    takesChanges: false,
    refusal: 'The cache does not tell changes (client tracking is refused): there are no events.',
  },
  /** Changes are told and everything is being read or soon will be; until that ends each request reads everything. */
  warming: { source: 'scanning', takesChanges: true, refusal: SHORTLY },
  /** Our own code failed: the index is given up for a pause, and each request reads everything. */
  faulty: {
    source: 'scanning',
    takesChanges: false,
    refusal:
      'Changes to the cache are not seen just now because of a fault in this service; its log tells which.',
  },
  closed: { source: 'lost', takesChanges: false, refusal: 'The service is stopping.' },
} as const satisfies Record<string, Meaning>

export type FollowerState = keyof typeof STATES

export interface Step {
  readonly to: FollowerState
  readonly action: FollowerAction
}

const step = (to: FollowerState, action: FollowerAction): Step => ({ to, action })

const always = {
  lost: step('lost', 'lose'),
  refused: step('scanning', 'scan'),
  fault: step('faulty', 'giveUp'),
  closed: step('closed', 'close'),
}

/** State × event → next state and action. An event that a row does not name changes nothing in that state. */
export const TRANSITIONS: Readonly<Record<FollowerState, Partial<Record<FollowerEvent, Step>>>> = {
  waiting: {
    ...always,
    fault: step('waiting', 'discard'),
    restored: step('filling', 'readAll'),
  },
  filling: {
    ...always,
    restored: step('filling', 'readAll'),
    flushed: step('filling', 'readAll'),
    filled: step('live', 'follow'),
    unreadable: step('recovering', 'readAllLater'),
  },
  refilling: {
    ...always,
    restored: step('filling', 'readAll'),
    flushed: step('refilling', 'readAllAfterFlush'),
    filled: step('live', 'follow'),
    unreadable: step('recovering', 'readAllLater'),
  },
  live: {
    ...always,
    restored: step('filling', 'readAll'),
    flushed: step('refilling', 'readAllAfterFlush'),
    unreadable: step('behind', 'fallBehind'),
  },
  behind: {
    ...always,
    restored: step('recovering', 'readAll'),
    flushed: step('recovering', 'readAll'),
    readable: step('live', 'follow'),
  },
  recovering: {
    ...always,
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
  closed: {},
}
