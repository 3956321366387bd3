import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type FollowerAction,
  type FollowerEvent,
  FollowerMachine,
  type FollowerState,
  STATES,
  TRANSITIONS,
} from '../../../src/affinities/feed/follower-machine.js'

const ALL_STATES = Object.keys(STATES) as FollowerState[]
const READS: readonly FollowerAction[] = ['readAll', 'readAllAfterFlush']
const PAUSES: readonly FollowerAction[] = ['readAllLater', 'giveUp', 'outgrow']
const steps = ALL_STATES.flatMap((from) =>
  Object.entries(TRANSITIONS[from]).map(([event, step]) => ({
    from,
    event: event as FollowerEvent,
    ...step,
  })),
)

describe('the table of the follower’s states', () => {
  it('reaches every state from the first', () => {
    const reached = new Set<FollowerState>(['waiting'])
    for (let size = 0; size !== reached.size; ) {
      size = reached.size
      for (const { from, to } of steps) if (reached.has(from)) reached.add(to)
    }
    expect([...reached].sort()).toEqual([...ALL_STATES].sort())
  })

  it.each(steps)('$from + $event → $to, $action', ({ from, event, to, action }) => {
    const { source, takesChanges } = STATES[to]
    if (READS.includes(action)) {
      // A reader has to hear of changes, and of the end of the read.
      expect(takesChanges).toBe(true)
      expect(Object.keys(TRANSITIONS[to])).toEqual(expect.arrayContaining(['filled', 'unreadable', 'fault']))
    }
    if (PAUSES.includes(action)) expect(Object.keys(TRANSITIONS[to])).toContain('retry')
    if (action === 'follow') expect(to).toBe('live')
    // Only what was read whole, and followed since, is called live.
    if (to === 'live') expect(['filled', 'readable']).toContain(event)
    // Only a complete index knows that what a flush has taken has gone just now.
    if (action === 'readAllAfterFlush') expect(['live', 'refilling']).toContain(from)
    if (['lost', 'closed'].includes(event)) expect(source).toBe('lost')
    if (event === 'refused') expect(source).toBe('scanning')
    if (event === 'fault') expect(source).not.toBe('live')
  })

  it.each(ALL_STATES.filter((state) => state !== 'closed'))('%s hears of every ending', (state) => {
    expect(TRANSITIONS[state]).toMatchObject({
      lost: { to: 'lost' },
      refused: { to: 'scanning' },
      closed: { to: 'closed' },
      restored: { action: 'readAll' },
      fault: expect.anything(),
    })
  })

  it('never goes on after the end', () => {
    expect(TRANSITIONS.closed).toEqual({})
  })
})

/** What is true of the world around, told by nothing but the events themselves. */
class Model {
  feed: 'silent' | 'telling' | 'refused' = 'silent'
  /** What will send the next event by itself; after a fault nothing is read before the rest has ended. */
  job: 'none' | 'read' | 'pause' | 'rest' = 'none'
  isComplete = false
  isBehind = false

  took(event: FollowerEvent): void {
    if (event === 'restored') this.feed = 'telling'
    if (event === 'lost') this.feed = 'silent'
    if (event === 'refused') this.feed = 'refused'
    if (event === 'filled') this.isComplete = true
    if (event === 'unreadable' && this.isComplete) this.isBehind = true
    else this.job = this.#jobAfter(event)
    if (event === 'readable') this.isBehind = false
    if (this.job !== 'none' || this.feed !== 'telling') this.isComplete = this.isBehind = false
  }

  #jobAfter(event: FollowerEvent): Model['job'] {
    if (this.feed !== 'telling' || event === 'filled') return 'none'
    if (event === 'restored' || event === 'retry') return 'read'
    if (event === 'flushed') return this.job === 'rest' ? 'rest' : 'read'
    if (event === 'unreadable') return 'pause'
    return event === 'fault' || event === 'tooLarge' ? 'rest' : this.job
  }

  /** The events that can come now. */
  possible(): FollowerEvent[] {
    const events: FollowerEvent[] = ['lost', 'refused', 'restored', 'flushed', 'fault']
    if (this.job === 'read') events.push('filled', 'unreadable', 'tooLarge')
    if (this.job === 'pause' || this.job === 'rest') events.push('retry')
    if (this.isComplete) events.push(this.isBehind ? 'readable' : 'unreadable', 'tooLarge')
    return events
  }
}

const JOBS: Partial<Record<FollowerAction, Model['job']>> = {
  readAll: 'read',
  readAllAfterFlush: 'read',
  readAllLater: 'pause',
  giveUp: 'rest',
  outgrow: 'rest',
}

/** The machine beside the model; its actions begin and end what the model says runs. */
function sideBySide() {
  const model = new Model()
  let job: Model['job'] = 'none'
  const machine = new FollowerMachine((action) => {
    job = JOBS[action] ?? 'none'
  })
  return {
    model,
    take(event: FollowerEvent) {
      machine.send(event)
      model.took(event)
      expect({ event, job }).toEqual({ event, job: model.job })
      const isLive = model.isComplete && !model.isBehind
      expect({ event, isLive: machine.meaning.source === 'live' }).toEqual({ event, isLive })
    },
    machine,
  }
}

describe('no sequence of events', () => {
  const choices = fc.array(fc.nat(1_000), { maxLength: 40 })

  function run(picks: readonly number[]) {
    const pair = sideBySide()
    for (const pick of picks) {
      const events = pair.model.possible()
      pair.take(events[pick % events.length] as FollowerEvent)
    }
    return pair
  }

  it('leaves it stuck: when the cache tells changes and answers, it is live after at most three more', () => {
    fc.assert(
      fc.property(choices, (picks) => {
        const { model, machine, take } = run(picks)
        if (model.feed !== 'telling') take('restored')
        if (model.job === 'pause' || model.job === 'rest') take('retry')
        if (model.job === 'read') take('filled')
        if (model.isBehind) take('readable')
        expect(machine.meaning.source).toBe('live')
      }),
      { numRuns: 500 },
    )
  })

  it('brings it back after it was closed', () => {
    fc.assert(
      fc.property(choices, choices, (before, after) => {
        const { machine, model } = run(before)
        machine.send('closed')
        const { meaning, signal } = machine
        const events: FollowerEvent[] = [...model.possible(), 'filled', 'readable', 'retry', 'closed']
        for (const pick of after) machine.send(events[pick % events.length] as FollowerEvent)
        expect(machine.meaning).toBe(meaning)
        expect(signal.aborted).toBe(false)
      }),
    )
  })
})
