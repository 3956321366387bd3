import { expect, it } from 'vitest'
import { createTurns } from '../../src/demo/recorder/in-turn.js'

function deferred() {
  let resolve = () => {}
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

it('runs work of one name one after the other, and of another name beside it', async () => {
  const inTurn = createTurns()
  const log: string[] = []
  const gate = deferred()
  const first = inTurn('a', async () => {
    log.push('a1 begins')
    await gate.promise
    log.push('a1 ends')
  })
  const second = inTurn('a', async () => void log.push('a2'))
  await inTurn('b', async () => void log.push('b'))
  expect(log).toEqual(['a1 begins', 'b'])
  gate.resolve()
  await Promise.all([first, second])
  expect(log).toEqual(['a1 begins', 'b', 'a1 ends', 'a2'])
})

it('goes on after work that failed, and tells only the one whose work it was', async () => {
  const inTurn = createTurns()
  const failing = inTurn('a', () => Promise.reject(new Error('lost')))
  const next = inTurn('a', async () => 'done')
  await expect(failing).rejects.toThrow('lost')
  await expect(next).resolves.toBe('done')
})
