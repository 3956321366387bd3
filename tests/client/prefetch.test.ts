/** When a list asks for its next page, as seen by a server that answers piece by piece. */
import { describe, expect, it, vi } from 'vitest'
import { type AffinityqlClient, createClient } from '../../src/client/index.js'

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

describe('a list whose pages take long', () => {
  const answer = (page: string | undefined) =>
    new Response(page, { headers: { 'content-type': 'application/json' } })

  /** A server that has these pages, by the cursor before each, and makes all but the first when the test lets go. */
  function slowServer(
    pages: Readonly<Record<string, string>>,
    cursors: Readonly<Record<string, string | null>>,
  ) {
    const asked: string[] = []
    const cancelled: string[] = []
    const letGo = moment()
    const client = createClient({
      url: 'http://127.0.0.1:1',
      fetch: async (_input, init) => {
        const { query, variables } = JSON.parse(String(init?.body))
        const after: string = variables.after ?? 'the beginning'
        if (/query AffinityCursor/.test(query)) {
          asked.push(`the end of what follows ${after}`)
          const endCursor = cursors[after]
          if (endCursor === undefined) return Response.json({ errors: [{ message: 'refused' }] })
          const pageInfo = { hasNextPage: endCursor !== null, endCursor }
          return Response.json({ data: { affinities: { pageInfo } } })
        }
        asked.push(after)
        init?.signal?.addEventListener('abort', () => cancelled.push(after))
        if (after !== 'the beginning') await letGo.hasCome
        return answer(pages[after])
      },
    })
    return { client, asked, cancelled, letGo }
  }
  const PAGES = { 'the beginning': pageOf(['a'], 'a'), a: pageOf(['b'], 'b'), b: pageOf(['c'], null) }

  it('asks for the next page while the server makes one, as the cursor is told in advance', async () => {
    const { client, asked, letGo } = slowServer(PAGES, { a: 'b', b: null })
    const keys = keysOf(client.affinityNames.all())
    await vi.waitFor(() => expect(asked).toContain('b'))
    letGo.come()
    expect(await keys).toEqual(['a', 'b', 'c'])
    expect(asked.toSorted()).toEqual([
      ...['a', 'b', 'the beginning'],
      ...['the end of what follows a', 'the end of what follows b'],
    ])
  })

  it('asks for what follows the page that it got, where records have gone meanwhile, and cancels the other', async () => {
    const pages = { ...PAGES, a: pageOf(['b', 'b2'], 'b2'), b2: pageOf(['c'], null) }
    const { client, asked, cancelled, letGo } = slowServer(pages, { a: 'b', b: null, b2: null })
    const keys = keysOf(client.affinities.all())
    await vi.waitFor(() => expect(asked).toContain('b'))
    letGo.come()
    expect(await keys).toEqual(['a', 'b', 'b2', 'c'])
    expect(cancelled).toContain('b')
  })

  it('drops the question where a page ends when the page itself has told', async () => {
    const questions: string[] = []
    let open = 0
    const client = createClient({
      url: 'http://127.0.0.1:1',
      fetch: async (_input, init) => {
        const { query, variables } = JSON.parse(String(init?.body))
        const after: keyof typeof PAGES = variables.after ?? 'the beginning'
        if (!/query AffinityCursor/.test(query)) return answer(PAGES[after])
        questions.push(after)
        open += 1
        return new Promise((_resolve, reject) => {
          init?.signal?.addEventListener('abort', () => {
            open -= 1
            reject(init.signal?.reason)
          })
        })
      },
    })
    const openAtPage: number[] = []
    for await (const _page of client.affinityNames.pages()) {
      // The page after it is told as well by then.
      await new Promise((resolve) => setTimeout(resolve, 20))
      openAtPage.push(open)
    }
    expect(questions).toEqual(['a', 'b'])
    expect(openAtPage).toEqual([0, 0, 0])
  })

  /** A server that answers each question where a page ends like this, before the page itself. Returns whose ends were asked for. */
  async function questionsAnswered(reply: (after: string) => Response): Promise<string[]> {
    const questions: string[] = []
    const client = createClient({
      url: 'http://127.0.0.1:1',
      fetch: async (_input, init) => {
        const { query, variables } = JSON.parse(String(init?.body))
        const after: keyof typeof PAGES = variables.after ?? 'the beginning'
        if (/query AffinityCursor/.test(query)) {
          questions.push(after)
          return reply(after)
        }
        if (after !== 'the beginning') await new Promise((resolve) => setTimeout(resolve, 20))
        return answer(PAGES[after])
      },
    })
    expect(await keysOf(client.affinityNames.all())).toEqual(['a', 'b', 'c'])
    return questions
  }

  it.each([
    ['RATE_LIMITED', ['a', 'b']],
    ['BAD_USER_INPUT', ['a']],
  ])('asks once a page where the question is refused with %s: %j', async (code, expected) => {
    const errors = [{ message: 'refused', extensions: { code } }]
    const refuse = () => Response.json({ errors }, { headers: { 'retry-after': '0' } })
    expect(await questionsAnswered(refuse)).toEqual(expected)
  })

  it.each([
    [3_105, ['a', 'b']],
    [1_000_000, ['a']],
  ])('asks no more in a walk where the question costs very much: %d', async (requested, expected) => {
    const tell = (after: string) => {
      const pageInfo = { hasNextPage: after === 'a', endCursor: 'b' }
      return Response.json({ data: { affinities: { pageInfo } }, extensions: { cost: { requested } } })
    }
    expect(await questionsAnswered(tell)).toEqual(expected)
  })

  it('reads the same where the cursor cannot be told', async () => {
    const { client, letGo } = slowServer(PAGES, {})
    letGo.come()
    expect(await keysOf(client.affinityNames.all())).toEqual(['a', 'b', 'c'])
  })

  it.each<[string, Parameters<AffinityqlClient['affinityNames']['all']>[0]]>([
    ['searched', { search: 'x' }],
    ['filtered by verdict', { filter: { stale: true } }],
    ['filtered by use', { filter: { unusedForSeconds: 60 } }],
    ['filtered by a user, who has any number of API keys', { filter: { userId: 'u' } }],
    ['filtered by users', { filter: { userIds: ['u', 'v'] } }],
  ])('asks for no cursor of what the server finds by reading more than a page: %s', async (_what, args) => {
    const { client, asked, letGo } = slowServer(PAGES, { a: 'b', b: null })
    letGo.come()
    expect(await keysOf(client.affinityNames.all(args))).toEqual(['a', 'b', 'c'])
    expect(asked).toEqual(['the beginning', 'a', 'b'])
  })
})
