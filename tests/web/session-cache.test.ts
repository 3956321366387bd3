import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

/** The names of the operations that were sent, in their order. */
let sent: string[] = []
const ANSWERS: Readonly<Record<string, object>> = {
  Viewer: { viewer: { __typename: 'Viewer', name: 'alice', role: 'ADMIN', canClear: true } },
  Login: { login: { __typename: 'Session', token: 'a-new-token', expiresAt: '2126-01-01T00:00:00Z' } },
  ModelMappingStats: { modelMappingStats: null },
}

async function answer(_url: string, { body }: { readonly body: string }): Promise<Response> {
  const { operationName } = JSON.parse(body)
  sent.push(operationName)
  const data = ANSWERS[operationName]
  if (!data) throw new TypeError('nobody answers')
  return Response.json({ data })
}

/** The client empties its cache a moment after the session has changed. */
const soon = () => new Promise((resolve) => setTimeout(resolve))

async function startConsoleModules() {
  const [{ cache, client }, session, { signInByPassword }, { runClear }, documents, names] =
    await Promise.all([
      import('../../web/src/api/client.js'),
      import('../../web/src/session/session.js'),
      import('../../web/src/session/sign-in.js'),
      import('../../web/src/clears/run-clear.js'),
      import('../../web/src/generated/graphql.js'),
      import('../../web/src/pages/affinities/names.js'),
    ])
  const viewer = () => client.query({ query: documents.ViewerDocument, fetchPolicy: 'cache-first' })
  return { cache, client, session, signInByPassword, runClear, documents, names, viewer }
}

beforeEach(() => {
  sent = []
  vi.resetModules()
  vi.stubGlobal('fetch', answer)
  vi.stubGlobal('sessionStorage', { getItem: () => null, setItem: () => {}, removeItem: () => {} })
})
afterEach(() => vi.unstubAllGlobals())

describe('the cache of a session', () => {
  it('answers again without a request, until another session takes its place', async () => {
    const { session, viewer, cache } = await startConsoleModules()
    session.startSession({ token: 'one', expiresAt: null, deviceId: null })
    await soon()
    await viewer()
    await viewer()
    expect(sent).toEqual(['Viewer'])
    session.startSession({ token: 'another', expiresAt: null, deviceId: null })
    await vi.waitFor(() => expect(cache.extract()['ROOT_QUERY']).toBeUndefined())
    await viewer()
    expect(sent).toEqual(['Viewer', 'Viewer'])
  })

  it('is empty after a sign-out, the names that were seen as well', async () => {
    const { session, viewer, cache, names } = await startConsoleModules()
    session.startSession({ token: 'one', expiresAt: null, deviceId: null })
    await soon()
    await viewer()
    names.rememberName('userId', 'a-very-long-user-id', 'alice')
    expect(names.nameOf('userId', 'a-very-long-user-id')).toBe('alice')
    session.endSession()
    expect(names.nameOf('userId', 'a-very-long-user-id')).toBe('a-very-l…')
    await vi.waitFor(() => expect(cache.extract()).toEqual({}))
  })

  it('outlives an end that the same session has not acted on', async () => {
    const { session, viewer } = await startConsoleModules()
    session.startSession({ token: 'one', expiresAt: null, deviceId: null })
    await soon()
    await viewer()
    session.expireSession()
    await viewer()
    expect(sent).toEqual(['Viewer'])
  })

  it('never holds a token', async () => {
    const { signInByPassword, cache } = await startConsoleModules()
    expect(await signInByPassword('alice@example.com', 'secret')).toBeNull()
    expect(JSON.stringify(cache.extract())).not.toContain('a-new-token')
  })
})

describe('a clear', () => {
  it('evicts mappings even where nobody answered: it may have happened', async () => {
    const { runClear, cache, documents, client } = await startConsoleModules()
    await client.query({ query: documents.ModelMappingStatsDocument })
    const has = () => Object.hasOwn(cache.extract()['ROOT_QUERY'] ?? {}, 'modelMappingStats')
    expect(has()).toBe(true)
    await runClear({ kind: 'mappingsAll' }, true)
    expect(has()).toBe(true)
    const { failure } = await runClear({ kind: 'mappingsAll' }, false)
    expect(failure?.reason).toBe('network')
    expect(has()).toBe(false)
  })
})
