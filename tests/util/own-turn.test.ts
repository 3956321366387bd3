import { setImmediate as nextTurn } from 'node:timers/promises'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { ownTurn } from '../../src/util/own-turn.js'

beforeEach(async () => {
  for (let turn = 0; turn < 3; turn += 1) await nextTurn()
})

/** Asks five times at once, and returns the turns of the event loop in which each has done its work. */
async function turnsOf(work: () => void): Promise<number[]> {
  let turn = 0
  let isOver = false
  const next = () => {
    turn += 1
    if (!isOver) setImmediate(next)
  }
  setImmediate(next)
  const turns = await Promise.all(
    Array.from({ length: 5 }, async () => {
      await ownTurn()
      work()
      return turn
    }),
  )
  isOver = true
  return turns
}

test('gives pieces of some milliseconds a turn of the event loop each, in their order', async () => {
  const turns = await turnsOf(() => {
    for (const until = performance.now() + 7; performance.now() < until; );
  })
  expect(new Set(turns).size).toBe(5)
  expect(turns).toEqual(turns.toSorted((a, b) => a - b))
})

test('lets small pieces follow each other in a turn', async () => {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(1_000)
  onTestFinished(() => clock.mockRestore())
  const turns = await turnsOf(() => {})
  expect(new Set(turns).size).toBeLessThanOrEqual(2)
})

test('lets who is the first in a turn go on at once', async () => {
  expect(ownTurn()).toBeUndefined()
  const waits = ownTurn()
  expect(waits).toBeInstanceOf(Promise)
  await waits
  for (let turn = 0; turn < 3; turn += 1) await nextTurn()
  expect(ownTurn()).toBeUndefined()
})

test('lets nobody pass those who wait', async () => {
  ownTurn()
  const order: string[] = []
  const first = ownTurn()?.then(() => order.push('first'))
  const second = ownTurn()?.then(() => order.push('second'))
  await first
  const third = ownTurn()?.then(() => order.push('third'))
  await Promise.all([second, third])
  expect(order).toEqual(['first', 'second', 'third'])
})
