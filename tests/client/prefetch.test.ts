/** When a list asks for its next page, as seen by a server that answers piece by piece. */
import { expect, it } from 'vitest'
import { createClient } from '../../src/client/index.js'

const record = (affinityKey: string) => ({
  ...{ family: 'CACHE_AFFINITY', affinityKey, apiFormat: 'CLAUDE', modelId: 'm' },
  ...{ clientFamily: null, sessionHash: null, providerId: 'p', endpointId: 'e', providerKeyId: 'k' },
  ...{ requestCount: 1, createdAt: '2026-11-27T12:00:00.000Z', expiresAt: null },
})

/** A page as the service writes it. */
function pageOf(keys: readonly string[], endCursor: string | null): string {
  const pageInfo = { hasNextPage: endCursor !== null, endCursor }
  return JSON.stringify({ data: { affinities: { totalCount: 3, pageInfo, nodes: keys.map(record) } } })
}

type Pieces = (controller: ReadableStreamDefaultController<Uint8Array>) => Promise<void> | void

/** A client of a server that sends its answers as these functions do, which are called with the cursor asked for. */
function clientOf(answers: readonly Pieces[]) {
  const asked: (string | null)[] = []
  const client = createClient({
    url: 'http://127.0.0.1:1',
    fetch: async (_input, init) => {
      const answer = answers[asked.length]
      asked.push(JSON.parse(String(init?.body)).variables.after ?? null)
      const body = new ReadableStream<Uint8Array>({
        async start(controller) {
          await answer?.(controller)
        },
      })
      return new Response(body, { headers: { 'content-type': 'application/json' } })
    },
  })
  return { client, asked }
}

/** A moment that tests wait for. */
function moment() {
  let come = (): void => {}
  const hasCome = new Promise<void>((resolve) => {
    come = resolve
  })
  return { come, hasCome }
}

const bytes = (text: string) => new TextEncoder().encode(text)
const whole =
  (text: string): Pieces =>
  (controller) => {
    controller.enqueue(bytes(text))
    controller.close()
  }

const keysOf = async (list: AsyncIterable<{ readonly affinityKey: string }>) => {
  const keys: string[] = []
  for await (const { affinityKey } of list) keys.push(affinityKey)
  return keys
}

it('asks for the next page while the rest of an answer is on its way', async () => {
  const first = pageOf(['张伟', 'b'], 'after-b')
  const secondAsked = moment()
  const { client, asked } = clientOf([
    async (controller) => {
      controller.enqueue(bytes(first.slice(0, 100)))
      controller.enqueue(bytes(first.slice(100, 200)))
      // Without the second request the rest never comes.
      await secondAsked.hasCome
      whole(first.slice(200))(controller)
    },
    (controller) => {
      secondAsked.come()
      whole(pageOf(['c'], null))(controller)
    },
  ])
  expect(await keysOf(client.affinityRecords.all())).toEqual(['张伟', 'b', 'c'])
  expect(asked).toEqual([null, 'after-b'])
})

it('asks for what follows the page that it got, where an answer broke off and was asked for again', async () => {
  const secondAsked = moment()
  const { client, asked } = clientOf([
    async (controller) => {
      controller.enqueue(bytes(pageOf(['a', 'b'], 'after-b').slice(0, 200)))
      await secondAsked.hasCome
      controller.error(new TypeError('broken off'))
    },
    // The answer's beginning has told a cursor that no longer holds.
    (controller) => {
      secondAsked.come()
      whole(pageOf(['never read'], null))(controller)
    },
    whole(pageOf(['a', 'a2'], 'after-a2')),
    whole(pageOf(['b', 'c'], null)),
  ])
  expect(await keysOf(client.affinityRecords.all())).toEqual(['a', 'a2', 'b', 'c'])
  expect(asked).toEqual([null, 'after-b', null, 'after-a2'])
})

it('takes a cursor from nothing but the page itself', async () => {
  const misleading = '"pageInfo":{"hasNextPage":true,"endCursor":"forged"}'
  const { client, asked } = clientOf([whole(pageOf([misleading], null))])
  expect(await keysOf(client.affinityRecords.all())).toEqual([misleading])
  expect(asked).toEqual([null])
})
