import { expect, onTestFinished } from 'vitest'
import { type HttpServer, listen } from '../../src/server/http/http-server.js'
import { ADMIN_TOKEN, startTestApp, type TestApp, type TestAppOptions } from '../support/app.js'
import { expectRefusal, GRAPHQL_JSON, type RawRequest, type Reply } from './support.js'

/** The service behind a port of its own. */
export interface Listening {
  readonly service: TestApp
  readonly url: string
  /** One HTTP request as it stands; a POST of JSON as the static admin unless told otherwise. */
  send(request: RawRequest): Promise<Reply>
  /** POSTs one operation. */
  post(query: unknown, variables?: unknown, token?: string | null): Promise<Reply>
  close(): Promise<void>
}

export async function startListening(options: TestAppOptions = {}): Promise<Listening> {
  const service = await startTestApp(options)
  const server: HttpServer = await listen(service.app.yoga, '127.0.0.1', 0)
  const send: Listening['send'] = async (request) => {
    const { method = 'POST', path = '/graphql', body, token = ADMIN_TOKEN, headers } = request
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: {
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...(headers ?? { 'content-type': 'application/json', accept: GRAPHQL_JSON }),
      },
      ...(body !== undefined && { body }),
      redirect: 'manual',
    })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }
  return {
    service,
    url: server.url,
    send,
    post: (query, variables, token) =>
      send({ body: JSON.stringify({ query, variables }), ...(token !== undefined && { token }) }),
    async close() {
      await server.close(0)
      await service.close()
    },
  }
}

/** The same for one test. */
export async function listening(options: TestAppOptions = {}): Promise<Listening> {
  const server = await startListening(options)
  onTestFinished(() => server.close())
  return server
}

/** One attack: its name, how it is made, and what must come of it. */
export type Attack = readonly [
  name: string,
  attack: (server: Listening) => Promise<Reply>,
  outcome: (reply: Reply) => void,
]

/** Refused as the client's fault, with these codes and no data. */
export const refused =
  (...codes: string[]) =>
  (reply: Reply) =>
    expectRefusal(reply, ...codes)

/** Answered by nothing but this data. */
export const onlyData = (data: unknown) => (reply: Reply) => {
  const { data: got, errors } = JSON.parse(reply.text)
  expect(errors, reply.text.slice(0, 300)).toBeUndefined()
  expect(got).toEqual(data)
}

/** Not found, not allowed or not there: 4xx, with nothing in it that was asked for. */
export const nothingThere = (reply: Reply) => {
  expect(Math.floor(reply.status / 100)).toBe(4)
  expect(reply.text).not.toMatch(/"data"|__schema|GraphiQL|stack/)
}

export const JSON_TYPE = { 'content-type': 'application/json', accept: GRAPHQL_JSON }

export const getPath = (query: string, more: Readonly<Record<string, string>> = {}): string =>
  `/graphql?${new URLSearchParams({ query, ...more })}`
