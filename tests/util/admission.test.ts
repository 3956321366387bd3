import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { OverloadedError } from '../../src/errors.js'
import { type AdmissionLimits, createAdmission, type Place } from '../../src/util/admission.js'
import { ownTurn } from '../../src/util/own-turn.js'

const LIMITS: AdmissionLimits = { inFlight: 3, waitMs: 60_000, running: { least: 1, most: 1 } }

test('refuses at once what is beyond the bound, with the seconds to wait, and takes it when a place is free', () => {
  const admission = createAdmission(LIMITS)
  const places = [1, 2, 3].map(() => admission.open())
  expect(admission.isFull).toBe(true)
  expect(() => admission.open()).toThrow(OverloadedError)
  places[0]?.leave()
  // A place that was given up twice is free once.
  places[0]?.leave()
  admission.open()
  expect(() => admission.open()).toThrow(/Try again in 1 s/)
})

test('runs operations one after the other in their order, and lets the next run when one ends or is away', async () => {
  const admission = createAdmission(LIMITS)
  const order: string[] = []
  const [first, second, third] = [admission.open(), admission.open(), admission.open()]
  await first.enter()
  const entered = [second, third].map(async (place, index) => {
    await place.enter()
    order.push(index === 0 ? 'second' : 'third')
  })
  let arrive = () => {}
  const away = first.away(
    () =>
      new Promise<void>((resolve) => {
        arrive = resolve
      }),
  )
  await entered[0]
  expect(order).toEqual(['second'])
  arrive()
  second.leave()
  await Promise.all([entered[1], away.then(() => order.push('first is back')), third.leave()])
  expect(order.toSorted()).toEqual(['first is back', 'second', 'third'])
  first.leave()
  expect([admission.inFlight, admission.running]).toEqual([0, 0])
})

test('refuses what has waited for too long for its turn', async () => {
  const admission = createAdmission({ ...LIMITS, waitMs: 20 })
  const [runs, waits] = [admission.open(), admission.open()]
  await runs.enter()
  await expect(waits.enter()).rejects.toThrow(OverloadedError)
  waits.leave()
  runs.leave()
  expect([admission.inFlight, admission.running]).toEqual([0, 0])
})

test('does not wait for an operation whose client has gone', async () => {
  const admission = createAdmission(LIMITS)
  const [runs, gone, next] = [admission.open(), admission.open(), admission.open()]
  await runs.enter()
  const entering = [gone.enter(), next.enter()]
  gone.leave()
  runs.leave()
  await Promise.all(entering)
  expect([admission.inFlight, admission.running]).toEqual([1, 1])
})

test('runs few while others wait long for a turn of the event loop, which then has enough to do', async () => {
  const admission = createAdmission({ inFlight: 100, waitMs: 60_000, running: { least: 1, most: 20 } })
  let isOver = false
  const busy = Array.from({ length: 6 }, async () => {
    while (!isOver) {
      await ownTurn()
      for (const until = performance.now() + 10; performance.now() < until; );
      await new Promise(setImmediate)
    }
  })
  const entered = Array.from({ length: 20 }, () => admission.open().enter())
  await sleep(400)
  const withOthers = admission.running
  isOver = true
  // All run once the event loop has time.
  await Promise.all([...busy, ...entered])
  expect(withOthers).toBeLessThan(5)
  admission.close()
})

test('begins four operations for each one that goes on after it was away, and lets none of either wait for ever', async () => {
  const admission = createAdmission({ ...LIMITS, inFlight: 100 })
  const order: string[] = []
  const done = (name: string, place: Place) => {
    order.push(name)
    place.leave()
  }
  /** Operations that are away until all come back at once. */
  let comeBack = () => {}
  const atTheirStores = new Promise<void>((resolve) => {
    comeBack = resolve
  })
  const ends: Promise<void>[] = []
  for (const n of [1, 2, 3]) {
    const place = admission.open()
    await place.enter()
    const isBack = place.away(() => atTheirStores)
    ends.push(isBack.then(() => done(`back ${n}`, place)))
  }
  const runs = admission.open()
  await runs.enter()
  for (let n = 1; n <= 10; n += 1) {
    const place = admission.open()
    ends.push(place.enter().then(() => done(`${n}`, place)))
  }
  comeBack()
  await sleep(0)
  runs.leave()
  await Promise.all(ends)
  const expected = [
    ...['1', '2', '3', '4', 'back 1'],
    ...['5', '6', '7', '8', 'back 2'],
    ...['9', '10', 'back 3'],
  ]
  expect(order).toEqual(expected)
  admission.close()
})
