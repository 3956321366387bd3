import { onTestFinished } from 'vitest'
import { ADMIN_TOKEN, type TestApp } from './app.js'

export interface Subscription {
  /** Every answer so far, parsed. */
  // biome-ignore lint/suspicious/noExplicitAny: an answer's shape follows from the query that the test wrote
  answers(): any[]
  hasEnded(): boolean
}

const EVERY_EVENT = 'subscription { affinityEvents { type affinity { affinityKey } } }'

/** Opens a subscription (to all events by default), and reads it as its events arrive. */
export async function subscribe(
  { app }: TestApp,
  query = EVERY_EVENT,
  token = ADMIN_TOKEN,
  headers: Readonly<Record<string, string>> = {},
): Promise<Subscription> {
  const controller = new AbortController()
  onTestFinished(() => controller.abort())
  const response = await app.yoga.fetch(
    'http://localhost/graphql',
    {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: `Bearer ${token}`,
        ...headers,
      },
      body: JSON.stringify({ query }),
      signal: controller.signal,
    },
    { clientAddress: '127.0.0.1' },
  )
  const said = { text: '', hasEnded: false }
  const reading = (async () => {
    for await (const chunk of response.body ?? []) said.text += Buffer.from(chunk).toString()
    said.hasEnded = true
  })()
  reading.catch(() => {})
  return {
    answers: () =>
      [...said.text.matchAll(/^event: next\ndata: (.+)$/gm)].map(([, json = '']) => JSON.parse(json)),
    hasEnded: () => said.hasEnded,
  }
}
