import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createClient } from '../../src/client/index.js'

const stream = (type: string) =>
  new Response(
    `event: next\ndata: {"data":{"affinityEvents":{"type":"${type}"}}}\n\nevent: complete\ndata:\n\n`,
    {
      headers: { 'content-type': 'text/event-stream' },
    },
  )
/** What a service says that has just restarted, and knows no token yet. */
const refused = () =>
  Response.json(
    { errors: [{ message: 'Too many unknown tokens.', extensions: { code: 'RATE_LIMITED' } }] },
    { status: 429, headers: { 'retry-after': '60' } },
  )

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const read = async (answers: (() => Response)[], stop: AbortController) => {
  const client = createClient({
    url: 'http://service',
    fetch: async () => (answers.shift() ?? (() => Promise.reject(new TypeError('nobody answers'))))(),
  })
  const types: string[] = []
  for await (const { type } of client.affinityEvents({}, { signal: stop.signal })) {
    types.push(type)
    if (type === 'REMOVED') stop.abort()
  }
  return types
}

it('a stream that was open comes back, though the server asks for a minute of patience', async () => {
  const types = read([() => stream('CREATED'), refused, () => stream('REMOVED')], new AbortController())
  types.catch(() => {})
  await vi.advanceTimersByTimeAsync(70_000)
  expect(await types).toEqual(['CREATED', 'REMOVED'])
})

it('a stream that was never open gives up instead: somebody waits for the first answer', async () => {
  const types = read([refused], new AbortController()).catch((error: unknown) => error)
  await vi.advanceTimersByTimeAsync(0)
  expect(await types).toMatchObject({ code: 'RATE_LIMITED' })
})
