import { expect } from 'vitest'
import type { App } from '../../src/app.js'
import { PUBLIC_CODES } from '../../src/server/mask-error.js'
import { ADMIN_TOKEN } from '../support/app.js'

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export interface RawRequest {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array<ArrayBuffer>
  /** Null for none; the static admin's by default. */
  readonly token?: string | null
}

export const GRAPHQL_JSON = 'application/graphql-response+json'
const JSON_HEADERS = { 'content-type': 'application/json', accept: GRAPHQL_JSON }

/** One HTTP request as it stands, over `yoga.fetch`. A POST of JSON unless told otherwise. */
export async function send(app: App, request: RawRequest): Promise<Reply> {
  const response = await respond(app, request)
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** Opens a stream of events, or returns its refusal; `beginningOf` reads its first words. */
export const openEvents = (app: App, request: Pick<RawRequest, 'body' | 'token'>): Promise<Response> =>
  respond(app, { ...request, headers: { 'content-type': 'application/json', accept: 'text/event-stream' } })

/** The first words of an answer, up to those that are enough; then it is cut. */
export async function beginningOf(
  { body }: Response,
  isEnough: (text: string) => boolean = () => true,
): Promise<string> {
  let text = ''
  for await (const chunk of body ?? []) {
    text += Buffer.from(chunk).toString()
    if (isEnough(text)) break
  }
  return text
}

async function respond(app: App, request: RawRequest): Promise<Response> {
  const { method = 'POST', path = '/graphql', headers = JSON_HEADERS, body, token = ADMIN_TOKEN } = request
  return app.yoga.fetch(
    `http://localhost${path}`,
    {
      method,
      headers: { ...(token !== null && { authorization: `Bearer ${token}` }), ...headers },
      ...(body !== undefined && { body }),
    },
    { clientAddress: '127.0.0.1' },
  )
}

/** POSTs one operation as a client of the current specification does: what is wrong with it shows in the status. */
export const post = (
  app: App,
  query: unknown,
  variables?: unknown,
  options: { token?: string | null; operationName?: unknown } = {},
): Promise<Reply> =>
  send(app, {
    body: JSON.stringify({ query, variables, operationName: options.operationName }),
    ...(options.token !== undefined && { token: options.token }),
  })

interface ErrorShape {
  readonly message: string
  readonly extensions?: { readonly code?: string }
}

export const errorsOf = ({ text }: Reply): readonly ErrorShape[] => {
  const body = JSON.parse(text) as { errors?: readonly ErrorShape[] }
  return body.errors ?? []
}

export const codesOf = (reply: Reply): (string | undefined)[] => [
  ...new Set(errorsOf(reply).map(({ extensions }) => extensions?.code)),
]

/** Nothing but a code that is published and a message that was written for a client. */
export function expectPublicErrors(reply: Reply): void {
  expect(errorsOf(reply).length, reply.text).toBeGreaterThan(0)
  for (const code of codesOf(reply)) expect(PUBLIC_CODES, reply.text).toContain(code)
  expect(reply.text).not.toMatch(/originalError|stack|node_modules|\bat \w+ \(|\.ts:\d|\.js:\d/)
}

/** Refused as the client's fault: 4xx, whichever, with these codes and no data. */
export function expectRefusal(reply: Reply, ...codes: string[]): void {
  expectPublicErrors(reply)
  expect(Math.floor(reply.status / 100), `${reply.status} ${reply.text.slice(0, 300)}`).toBe(4)
  expect(codesOf(reply), reply.text.slice(0, 300)).toEqual(codes)
  expect(JSON.parse(reply.text)).not.toHaveProperty('data.viewer')
}

export const repeat = (times: number, part: (index: number) => string, separator = ' '): string =>
  Array.from({ length: times }, (_, index) => part(index)).join(separator)
