import { setImmediate as nextTurn } from 'node:timers/promises'
import { beforeEach, expect, test } from 'vitest'
import { ownTurn, turnLateness } from '../../src/util/own-turn.js'

beforeEach(async () => {
  while (turnLateness() > 0) await nextTurn()
  await nextTurn()
})

/** Asks so many times at once, and returns the turns of the event loop in which each may go on. */
async function turnsOf(count: number): Promise<number[]> {
  let turn = 0
  let isOver = false
  const next = () => {
    turn += 1
    if (!isOver) setImmediate(next)
  }
  setImmediate(next)
  const turns = await Promise.all(
    Array.from({ length: count }, async () => {
      await ownTurn()
      return turn
    }),
  )
  isOver = true
  return turns
}

test('gives each of those who ask at once a turn of the event loop, in their order', async () => {
  const turns = await turnsOf(5)
  expect(new Set(turns).size).toBe(5)
  expect(turns).toEqual(turns.toSorted((a, b) => a - b))
})

test('lets who is the first in a turn go on at once', async () => {
  expect(ownTurn()).toBeUndefined()
  const waits = ownTurn()
  expect(waits).toBeInstanceOf(Promise)
  await waits
  await nextTurn()
  await nextTurn()
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
