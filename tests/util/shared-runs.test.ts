import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { RateLimitedError } from '../../src/errors.js'
import { createSharedRuns } from '../../src/util/shared-runs.js'
import { createTurns } from '../../src/util/turns.js'

const LIMITS = { atOnce: 3, atOncePerAsker: 2, waiting: 6, waitingPerAsker: 4 }

/** Reads that end when they are told to. */
function reads() {
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const signals = new Map<string, AbortSignal>()
  const read = (name: string) => async (signal: AbortSignal) => {
    begun.push(name)
    signals.set(name, signal)
    await new Promise<void>((resolve) => ends.set(name, resolve))
    return name
  }
  return { begun, ends, signals, read }
}

const never = () => new AbortController().signal
const turns = async () => {
  for (let turn = 0; turn < 5; turn += 1) await nextTurn()
}

describe('shared runs', () => {
  it('answer all who ask at the same moment by one run', async () => {
    const runs = createSharedRuns(LIMITS)
    let count = 0
    const asked = Array.from({ length: 16 }, (_, n) =>
      runs.run('q', `viewer ${n}`, never(), async () => ++count),
    )
    expect(await Promise.all(asked)).toEqual(Array.from({ length: 16 }, () => 1))
  })

  it('never give an answer whose read began before the question', async () => {
    const runs = createSharedRuns(LIMITS)
    const { begun, ends, read } = reads()
    const first = runs.run('q', 'a', never(), read('before'))
    await turns()
    const later = [runs.run('q', 'b', never(), read('after')), runs.run('q', 'c', never(), read('never'))]
    await turns()
    expect(begun).toEqual(['before'])
    ends.get('before')?.()
    expect(await first).toBe('before')
    await turns()
    ends.get('after')?.()
    expect(await Promise.all(later)).toEqual(['after', 'after'])
    expect(begun).toEqual(['before', 'after'])
  })

  it('are few at once for one asker and in all, and go on in the order of the questions', async () => {
    const runs = createSharedRuns(LIMITS)
    const { begun, ends, read } = reads()
    const asked = ['a1', 'a2', 'a3', 'b1', 'b2'].map((name) =>
      runs.run(name, name.charAt(0), never(), read(name)),
    )
    await turns()
    expect(begun).toEqual(['a1', 'a2', 'b1'])
    ends.get('b1')?.()
    await turns()
    expect(begun).toEqual(['a1', 'a2', 'b1', 'b2'])
    ends.get('a2')?.()
    await turns()
    expect(begun.at(-1)).toBe('a3')
    for (const end of ends.values()) end()
    expect(await Promise.all(asked)).toEqual(['a1', 'a2', 'a3', 'b1', 'b2'])
  })

  it('refuse a question if too many wait, of one asker and in all', async () => {
    const runs = createSharedRuns(LIMITS)
    const ask = (question: string, asker: string) => runs.run(question, asker, never(), async () => question)
    const mine = Array.from({ length: LIMITS.waitingPerAsker }, (_, n) => ask(`a${n}`, 'a'))
    await expect(ask('more', 'a')).rejects.toThrow(RateLimitedError)
    // A question that waits already needs no place of its own.
    const shared = ask('a1', 'a')
    const others = [ask('b1', 'b'), ask('c1', 'c')]
    await expect(ask('d1', 'd')).rejects.toMatchObject({ retryAfterSeconds: expect.any(Number) })
    expect(await Promise.all([...mine, shared, ...others])).toEqual([
      'a0',
      'a1',
      'a2',
      'a3',
      'a1',
      'b1',
      'c1',
    ])
  })

  it('end when nobody waits for them any more, and not before', async () => {
    const runs = createSharedRuns(LIMITS)
    const { begun, signals, ends, read } = reads()
    const [one, other] = [new AbortController(), new AbortController()]
    const asked = [one, other].map(({ signal }) => runs.run('q', 'a', signal, read('q')))
    const waits = runs.run('q2', 'a', one.signal, read('q2'))
    const waitsToo = runs.run('q3', 'a', one.signal, read('q3'))
    await turns()
    one.abort(new Error('gone'))
    await expect(Promise.all([asked[0], waits])).rejects.toThrow('gone')
    await expect(waitsToo).rejects.toThrow('gone')
    expect(signals.get('q')?.aborted).toBe(false)
    other.abort(new Error('gone, too'))
    await expect(asked[1]).rejects.toThrow('gone, too')
    expect(signals.get('q')?.aborted).toBe(true)
    for (const end of ends.values()) end()
    await turns()
    expect(begun).not.toContain('q3')
  })

  it('give the same failure to all who share it, and none to those who ask later', async () => {
    const runs = createSharedRuns(LIMITS)
    const fail = async () => {
      throw new Error('no answer')
    }
    const asked = await Promise.allSettled([
      runs.run('q', 'a', never(), fail),
      runs.run('q', 'b', never(), fail),
    ])
    expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await runs.run('q', 'a', never(), async () => 'well')).toBe('well')
  })
})

describe('turns', () => {
  it('run a few pieces of work at a time, in their order, also if one fails', async () => {
    const { run } = createTurns(2)
    let under = 0
    let most = 0
    const begun: number[] = []
    const work = (n: number) => async () => {
      begun.push(n)
      most = Math.max(most, ++under)
      await turns()
      under -= 1
      if (n === 3) throw new Error('failed')
      return n
    }
    const done = await Promise.allSettled(Array.from({ length: 10 }, (_, n) => run(work(n))))
    expect(most).toBe(2)
    expect(begun).toEqual([...begun].sort((a, b) => a - b))
    expect(done.filter(({ status }) => status === 'rejected')).toHaveLength(1)
  })

  it('yield to others after pieces of work that take long', async () => {
    const { run } = createTurns(8)
    const order: string[] = []
    const others = (async () => {
      for (let turn = 0; turn < 8; turn += 1) {
        await nextTurn()
        order.push('other')
      }
    })()
    const work = () => {
      for (const end = performance.now() + 6; performance.now() < end; );
      order.push('work')
    }
    await Promise.all([...Array.from({ length: 8 }, () => run(work)), others])
    expect(order.join(' ')).not.toContain('work work work')
  })
})
