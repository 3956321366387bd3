import { createContext, runInContext } from 'node:vm'
import { expect, it } from 'vitest'
import { BEFORE_GRAPHIQL } from '../../src/server/http/graphiql-scripts.js'

/** As much of an element as the script uses. */
class Element {
  readonly children: (Element | string)[] = []
  readonly attributes = new Map<string, string>()
  textContent = ''
  value = ''
  onclick?: () => void
  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value)
  }
  replaceChildren(...children: Element[]): void {
    this.children.splice(0, this.children.length, ...children)
  }
  prepend(child: Element): void {
    this.children.unshift(child)
  }
  focus(): void {}
  text(): string {
    return (
      this.textContent +
      this.children.map((child) => (child instanceof Element ? child.text() : child)).join('')
    )
  }
}

interface Word {
  readonly kind: string
  readonly id?: string
}

/** A tab of GraphiQL in which the script has run: what it stored, said and sent. */
function openTab(session: object | null = null) {
  const store = new Map<string, string>(session ? [['affinityql.session', JSON.stringify(session)]] : [])
  const tab = {
    said: [] as Word[],
    reloads: 0,
    sent: [] as Headers[],
    status: 200,
    listeners: new Map<string, () => void>(),
    body: new Element(),
    channel: undefined as { onmessage?: (event: { data: unknown }) => void } | undefined,
    stored: () => store.get('affinityql.session') ?? null,
    hear: (data: unknown) => tab.channel?.onmessage?.({ data }),
    notice: () => tab.body.text(),
    fetch: (_url: string, { headers }: { headers: Headers }) => {
      tab.sent.push(headers)
      return Promise.resolve({ status: tab.status })
    },
  }
  const globals: Record<string, unknown> = {
    BroadcastChannel: class {
      onmessage?: (event: { data: unknown }) => void
      constructor() {
        tab.channel = this
      }
      postMessage = (word: Word) => tab.said.push(word)
    },
    sessionStorage: {
      getItem: (key: string) => store.get(key) ?? null,
      setItem: (key: string, value: string) => store.set(key, value),
      removeItem: (key: string) => store.delete(key),
    },
    localStorage: { getItem: () => null },
    location: { reload: () => tab.reloads++ },
    document: { createElement: () => new Element(), body: tab.body },
    addEventListener: (name: string, listener: () => void) => tab.listeners.set(name, listener),
    crypto,
    Headers,
    fetch: tab.fetch,
  }
  globals['window'] = globals
  runInContext(BEFORE_GRAPHIQL, createContext(globals))
  tab.listeners.get('DOMContentLoaded')?.()
  const ask = globals['fetch'] as (url: string, init: object) => Promise<unknown>
  return {
    ...tab,
    tab,
    /** Sends what GraphiQL sends with the text of its Headers tab; returns what reaches the server. */
    async send(authorization?: string) {
      await ask('/graphql', authorization === undefined ? {} : { headers: { authorization } })
      return Object.fromEntries(tab.sent.at(-1) ?? [])
    },
  }
}

const SESSION = { token: 'a-token', deviceId: null }
const PLACEHOLDER = 'Bearer <your token>'

it('a tab without a session says how to get a token, and sends none', async () => {
  const { notice, send } = openTab()
  expect(notice()).toContain('GraphiQL needs a token. Sign in at the console')
  expect(await send(PLACEHOLDER)).toEqual({})
  expect(await send('Bearer own')).toEqual({ authorization: 'Bearer own' })
})

it('a tab without a session takes over that of the console, also after a sign-in there', () => {
  const { tab, said, hear, stored, listeners } = openTab()
  hear({ kind: 'answer', id: 'another', session: SESSION })
  expect(stored()).toBeNull()
  listeners.get('focus')?.()
  expect(said.map(({ kind }) => kind)).toEqual(['ask', 'ask'])
  hear({ kind: 'answer', id: said[1]?.id, session: SESSION })
  expect(JSON.parse(stored() ?? '')).toEqual(SESSION)
  expect(tab.reloads).toBe(1)
})

it('a pasted token is kept for the tab, without its scheme', () => {
  const { tab, stored } = openTab()
  const [notice] = tab.body.children as [Element]
  const [, , , field, button] = notice.children as Element[]
  if (!field || !button) throw new Error('no field')
  field.value = 'two words'
  button.onclick?.()
  expect([tab.reloads, stored()]).toEqual([0, null])
  field.value = ' bearer pasted '
  button.onclick?.()
  expect([tab.reloads, stored()]).toEqual([1, '{"token":"pasted"}'])
})

it('a session is sent unless another token is entered, and its end is told', async () => {
  const { tab, send, notice, hear, stored } = openTab({ token: 'a-token', deviceId: 'phone' })
  expect(notice()).toBe('')
  expect(await send(PLACEHOLDER)).toEqual({ authorization: 'Bearer a-token', 'x-client-device-id': 'phone' })
  expect(await send('Bearer own')).toEqual({ authorization: 'Bearer own' })
  tab.status = 401
  await send('Bearer own')
  expect(notice()).toBe('')
  await send()
  expect(notice()).toContain('The token is not valid any more.')
  hear({ kind: 'ended', token: 'another' })
  expect(stored()).not.toBeNull()
  hear({ kind: 'ended', token: 'a-token' })
  expect([stored(), tab.reloads]).toEqual([null, 1])
})
