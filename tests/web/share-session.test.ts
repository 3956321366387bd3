import { afterEach, beforeEach, expect, it, vi } from 'vitest'

const SESSION = { token: 'a-token', expiresAt: null, deviceId: null }
const OTHER = { token: 'another', expiresAt: 4_102_444_800_000, deviceId: 'phone' }

/** What the tabs of one browser hear of each other, at once and in order. */
interface Channel {
  onmessage: ((event: MessageEvent) => void) | null
  postMessage(data: unknown): void
}
let channels: Channel[]
const openChannel = (): Channel => {
  const channel: Channel = {
    onmessage: null,
    postMessage(data) {
      for (const other of channels)
        if (other !== channel) other.onmessage?.(new MessageEvent('message', { data: structuredClone(data) }))
    },
  }
  channels.push(channel)
  return channel
}

/** A tab with modules and storage of its own. */
async function openTab(stored: object | null = null) {
  vi.resetModules()
  vi.stubGlobal('sessionStorage', {
    getItem: () => JSON.stringify(stored),
    setItem: () => {},
    removeItem: () => {},
  })
  const [session, { shareSession }] = await Promise.all([
    import('../../web/src/session/session.js'),
    import('../../web/src/session/share-session.js'),
  ])
  const channel = openChannel()
  const shared = shareSession(channel, 0)
  return { ...session, channel, shared, now: () => session.sessionStore.get().session }
}

beforeEach(() => {
  channels = []
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

it('a new tab takes over the session of an open one, and hands it on', async () => {
  await openTab(SESSION)
  const second = await openTab()
  expect(second.now()).toEqual(SESSION)
  channels.shift()
  expect((await openTab()).now()).toEqual(SESSION)
})

it('a first tab waits no longer than told, and takes a late answer until somebody signs in', async () => {
  const tab = await openTab()
  await tab.shared
  expect(tab.now()).toBeNull()
  const slow = openChannel()
  let asked: unknown
  slow.onmessage = ({ data }) => {
    asked = data
  }
  const late = await openTab()
  slow.postMessage({ ...(asked as object), kind: 'answer', session: SESSION })
  expect(late.now()).toEqual(SESSION)

  const taken = await openTab()
  expect(taken.now()).toEqual(SESSION)
  taken.endSession()
  taken.startSession(OTHER)
  slow.postMessage({ ...(asked as object), kind: 'answer', session: SESSION })
  expect(taken.now()).toEqual(OTHER)
})

it('a sign-out ends the session in every tab that has it, and in no other', async () => {
  const [first, second, stranger] = [await openTab(SESSION), await openTab(), await openTab(OTHER)]
  expect(second.now()).toEqual(SESSION)
  second.endSession()
  expect([first.now(), second.now(), stranger.now()]).toEqual([null, null, OTHER])
})

it('an ended session is handed to nobody', async () => {
  const tab = await openTab(SESSION)
  tab.expireSession()
  expect((await openTab()).now()).toBeNull()
})

it.each([
  ['nothing', null],
  ['text', 'answer'],
  ['an answer that nobody asked for', { kind: 'answer', id: 'guessed', session: SESSION }],
  ['an answer without an id', { kind: 'answer', session: SESSION }],
  ['an end without a token', { kind: 'ended' }],
])('%s changes no session', async (_name, word) => {
  const [signedOut, signedIn] = [await openTab(), await openTab(OTHER)]
  // The first has taken no session, since the second came later.
  openChannel().postMessage(word)
  expect([signedOut.now(), signedIn.now()]).toEqual([null, OTHER])
})

it('an answer that is no session is not taken', async () => {
  const liar = openChannel()
  liar.onmessage = ({ data }) => {
    for (const session of [null, {}, { token: 1 }]) liar.postMessage({ ...data, kind: 'answer', session })
  }
  expect((await openTab()).now()).toBeNull()
})
