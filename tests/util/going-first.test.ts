import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { goingFirst } from '../../src/util/going-first.js'
import { ownTurn } from '../../src/util/own-turn.js'
import { inQuietTurn } from '../../src/util/quiet-turn.js'

const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn += 1) await nextTurn()
}

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  await turns(3)
})
afterEach(() => {
  vi.useRealTimers()
})

/** Asks a store, which answers when it is told to. */
function askStore() {
  let resolve: (answer: string) => void = () => {}
  let reject: (error: Error) => void = () => {}
  const answer = goingFirst(
    () =>
      new Promise<string>((...settle) => {
        ;[resolve, reject] = settle
      }),
  )
  return { answer, resolve, reject }
}

/** Begins large pieces of other work. Returns those that have begun, in their order. */
function otherWork(): string[] {
  const begun: string[] = []
  for (const name of ['first page', 'second page'])
    void Promise.resolve(ownTurn()).then(() => begun.push(name))
  inQuietTurn(() => void begun.push('a request'))
  return begun
}

const ALL = ['a request', 'first page', 'second page']

test('other work begins when the store has answered, in its order', async () => {
  const probe = askStore()
  const begun = otherWork()
  await turns(5)
  expect(begun).toEqual([])
  probe.resolve('up')
  expect(await probe.answer).toBe('up')
  expect(begun).toEqual([])
  await turns(3)
  expect(begun.toSorted()).toEqual(ALL)
  expect(begun.indexOf('first page')).toBeLessThan(begun.indexOf('second page'))
})

test('other work begins when the store has failed', async () => {
  const probe = askStore()
  const begun = otherWork()
  probe.reject(new Error('no answer'))
  await expect(probe.answer).rejects.toThrow('no answer')
  await turns(3)
  expect(begun.toSorted()).toEqual(ALL)
})

test('other work waits for all that go first, and for a store that hangs 20 ms', async () => {
  const [hung, probe] = [askStore(), askStore()]
  const begun = otherWork()
  probe.resolve('up')
  await turns(3)
  expect(begun).toEqual([])
  vi.advanceTimersByTime(20)
  await turns(3)
  expect(begun.toSorted()).toEqual(ALL)
  const later = otherWork()
  await turns(3)
  expect(later.toSorted()).toEqual(ALL)
  hung.resolve('late')
  expect(await hung.answer).toBe('late')
})

test('other work waits no longer than 20 ms, however many go first one after the other', async () => {
  let latest = askStore()
  const begun = otherWork()
  for (let ms = 0; ms < 20; ms += 10) {
    await turns(3)
    expect(begun).toEqual([])
    vi.advanceTimersByTime(10)
    const next = askStore()
    latest.resolve('up')
    await latest.answer
    latest = next
  }
  await turns(3)
  expect(begun.toSorted()).toEqual(ALL)
  latest.resolve('up')
  await latest.answer
})

test('other work begins when a store has answered, also if the next one is asked at that moment', async () => {
  const probe = askStore()
  const begun = otherWork()
  await turns(3)
  probe.resolve('up')
  await probe.answer
  const next = askStore()
  await turns(3)
  expect(begun.toSorted()).toEqual(ALL)
  const later = otherWork()
  await turns(3)
  expect(later).toEqual([])
  next.resolve('up')
  await next.answer
  await turns(3)
  expect(later.toSorted()).toEqual(ALL)
})

test('work that has begun in a turn goes on, and what follows it waits', async () => {
  expect(ownTurn()).toBeUndefined()
  const follows = ownTurn()
  let hasBegun = false
  void follows?.then(() => {
    hasBegun = true
  })
  const probe = askStore()
  await turns(3)
  expect(hasBegun).toBe(false)
  probe.resolve('up')
  await probe.answer
  await turns(3)
  expect(hasBegun).toBe(true)
})
