import { ApolloLink, gql } from '@apollo/client'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const EVENTS = gql`subscription Events { affinityEvents { type } }`
const REFUSED = { errors: [{ message: '', extensions: { code: 'UNAUTHENTICATED' } }] }

/** What the next requests get; when there is no more, a stream that stays open. */
let answers: (() => Response | Promise<Response>)[] = []
let opened = 0
let followed: { unsubscribe(): void }[] = []

const stream = () =>
  new Response(
    new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(':\n\n'))
      },
    }),
    { headers: { 'content-type': 'text/event-stream' } },
  )
const refusal = (status: number, contentType: string) => () =>
  new Response('{"errors":[{"message":"","extensions":{"code":"OVERLOADED"}}]}', {
    status,
    headers: { 'content-type': contentType },
  })

async function startConsoleModules() {
  const [{ client }, { SseLink }, session, { connectivity }, { liveState }] = await Promise.all([
    import('../../web/src/api/client.js'),
    import('../../web/src/api/sse-link.js'),
    import('../../web/src/session/session.js'),
    import('../../web/src/api/connectivity.js'),
    import('../../web/src/api/live-stream.js'),
  ])
  session.startSession({ token: 'one', expiresAt: null, deviceId: null })
  const link = new SseLink()
  const follow = (context: object) => {
    followed.push(ApolloLink.execute(link, { query: EVENTS, context }, { client }).subscribe(() => {}))
  }
  const live = () => vi.waitFor(() => expect(liveState.get()).toEqual({ open: 1, connecting: 0 }), 5_000)
  return { client, session, connectivity, follow, live }
}

beforeEach(() => {
  answers = []
  opened = 0
  followed = []
  vi.resetModules()
  vi.stubGlobal('sessionStorage', { getItem: () => null, setItem: () => {}, removeItem: () => {} })
  vi.stubGlobal('fetch', async (path: string) => {
    if (path.startsWith('/health')) return Response.json({ status: 'live' })
    opened += 1
    return (answers.shift() ?? stream)()
  })
})
afterEach(() => {
  // Before there is no server any more, which a stream would report as lost.
  for (const stream of followed) stream.unsubscribe()
  vi.unstubAllGlobals()
})

describe('a stream that cannot be opened at once', () => {
  it('has missed what happened since the page was read, and says so once it is open', async () => {
    const { follow, live } = await startConsoleModules()
    const onReconnected = vi.fn()
    answers = [refusal(503, 'application/json')]
    follow({ onReconnected })
    await live()
    expect(opened).toBe(2)
    expect(onReconnected).toHaveBeenCalledTimes(1)
  })

  it('has missed nothing if it is open at the first attempt', async () => {
    const { follow, live } = await startConsoleModules()
    const onReconnected = vi.fn()
    follow({ onReconnected })
    await live()
    expect(onReconnected).not.toHaveBeenCalled()
  })

  it.each([
    ['the service refuses, by JSON', 'application/json; charset=utf-8', 0],
    ['the service refuses, by an event', 'text/event-stream', 0],
    ['a proxy answers in place of the service', 'text/html', 1],
  ])('tells of a lost server or not: %s', async (_what, contentType, recoveries) => {
    const { follow, live, connectivity } = await startConsoleModules()
    answers = [refusal(503, contentType)]
    follow({})
    await live()
    expect(connectivity.get()).toMatchObject({ lostAt: null, recoveries })
  })
})

describe('a session', () => {
  it('does not end by a late refusal of the token before it', async () => {
    const { session, follow, live } = await startConsoleModules()
    let answer = (_response: Response): void => {}
    answers = [() => new Promise((resolve) => (answer = resolve))]
    follow({})
    await vi.waitFor(() => expect(opened).toBe(1))
    session.startSession({ token: 'two', expiresAt: null, deviceId: null })
    answer(Response.json(REFUSED, { status: 401 }))
    await live()
    expect(session.sessionStore.get()).toMatchObject({ session: { token: 'two' }, expired: false })
  })

  it('ends if its own token is refused', async () => {
    const { session, follow } = await startConsoleModules()
    answers = [() => Response.json(REFUSED, { status: 401 })]
    follow({})
    await vi.waitFor(() => expect(session.sessionStore.get()).toMatchObject({ expired: true }))
  })

  it('does not end by the late answer to a clear that was sent with the token before it', async () => {
    const { client, session } = await startConsoleModules()
    let answer = (_response: Response): void => {}
    answers = [() => new Promise((resolve) => (answer = resolve))]
    const clear = client.mutate({ mutation: gql`mutation Clear { clearAllCache { message } }` })
    await vi.waitFor(() => expect(opened).toBe(1))
    session.startSession({ token: 'two', expiresAt: null, deviceId: null })
    answer(Response.json(REFUSED))
    await expect(clear).rejects.toThrow()
    expect(session.sessionStore.get()).toMatchObject({ session: { token: 'two' }, expired: false })
  })
})
