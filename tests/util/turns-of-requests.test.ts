import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { inSlices, isProbe } from '../../src/server/http/in-slices.js'
import { inQuietTurn } from '../../src/util/quiet-turn.js'

/** The process's own listeners of uncaught errors: here such an error is what is tested. */
let listeners: NodeJS.UncaughtExceptionListener[]
let uncaught: unknown[]
const catches = (error: unknown) => {
  uncaught.push(error)
}
beforeEach(() => {
  uncaught = []
  listeners = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', catches)
})
afterEach(() => {
  process.off('uncaughtException', catches)
  for (const listener of listeners) process.on('uncaughtException', listener)
})

const anyResponse = () =>
  new ServerResponse(new IncomingMessage(new Socket())) as Parameters<ReturnType<typeof inSlices>>[1]

const turns = async (count: number) => {
  for (let n = 0; n < count; n += 1) await new Promise((resolve) => setImmediate(resolve))
}

it('a handler that throws keeps no other request waiting, then or later', async () => {
  const begun: string[] = []
  const handler = inSlices(
    ({ url }) => {
      begun.push(url ?? '')
      if (url === '/broken') throw new Error('a bug of ours')
    },
    () => false,
  )
  const ask = (url: string) => {
    const request = new IncomingMessage(new Socket())
    request.url = url
    handler(request, anyResponse())
  }
  for (const url of ['/one', '/broken', '/two']) ask(url)
  await turns(5)
  ask('/three')
  await turns(5)
  expect(begun).toEqual(['/one', '/broken', '/two', '/three'])
  expect(uncaught).toEqual([new Error('a bug of ours')])
})

it('a probe or a scrape of the metrics waits for no request that came before it', async () => {
  const begun: string[] = []
  const handler = inSlices(({ url = '' }) => void begun.push(url), isProbe)
  const urls = ['/graphql', '/metrics-of-nobody', '/health/ready', '/metrics', '/metrics?all']
  for (const url of urls) handler(Object.assign(new IncomingMessage(new Socket()), { url }), anyResponse())
  expect(begun).toEqual(['/health/ready', '/metrics', '/metrics?all'])
  await turns(5)
  expect(begun.slice(3)).toEqual(['/graphql', '/metrics-of-nobody'])
})

it('work that throws in a quiet turn keeps no other work from it', async () => {
  const seen: number[] = []
  inQuietTurn(() => {
    throw new Error('a bug of ours')
  })
  inQuietTurn(() => void seen.push(1))
  await turns(5)
  inQuietTurn(() => void seen.push(2))
  await turns(5)
  expect(seen).toEqual([1, 2])
  expect(uncaught).toHaveLength(1)
})
