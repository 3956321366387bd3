import pino from 'pino'
import { ADMIN_TOKEN, testConfig } from '../../tests/support/app.js'
import { createApp } from './built-app.js'

/** Starts the application in this process, to be asked by an admin without HTTP. */
export async function startAskedApp(environment: Readonly<Record<string, string>>) {
  const app = await createApp(testConfig(environment), { logger: pino({ level: 'silent' }) })
  /** Sends a body of JSON. */
  const send = async (body: string, { accept = 'application/json', signal }: SendOptions = {}) =>
    app.yoga.fetch('http://localhost/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept, authorization: `Bearer ${ADMIN_TOKEN}` },
      body,
      ...(signal && { signal }),
    })
  const ask = async (query: string) => JSON.parse(await (await send(JSON.stringify({ query }))).text())
  /** Asks, and returns the milliseconds until the answer was read. @throws Error if the answer has errors */
  async function timed(query: string): Promise<number> {
    const startedAt = performance.now()
    const { errors } = await ask(query)
    if (errors) throw new Error(JSON.stringify(errors))
    return performance.now() - startedAt
  }
  return { app, send, ask, timed, close: () => app.close() }
}

interface SendOptions {
  readonly accept?: string
  readonly signal?: AbortSignal | undefined
}
