import { GraphQLError } from 'graphql'
import type { GraphQLParams, Plugin } from 'graphql-yoga'
import type { BodyBudget } from './body-budget.js'

const badRequest = (message: string, status = 400): GraphQLError =>
  new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT', http: { status } } })

/**
 * Accepts POST requests only as `application/json`. Yoga would also run operations sent as forms, multipart or plain GraphQL
 * text, which any web page can send without a CORS preflight (CSRF). Bodies and query strings are parsed here, so that error
 * messages do not contain the parser's own words.
 * @param budget memory for the bodies that arrive at the same time
 */
export function useJsonRequests(budget: BodyBudget): Plugin {
  return {
    onRequestParse({ request, url, setRequestParser }) {
      if (request.method === 'GET') setRequestParser(() => readQueryString(url.searchParams))
      if (request.method !== 'POST') return
      setRequestParser(async () => {
        refuseUnlessPlainJson(request.headers)
        return readBody(await readText(request, budget))
      })
    },
  }
}

function refuseUnlessPlainJson(headers: Headers): void {
  const [mediaType, ...parameters] = (headers.get('content-type') ?? '').toLowerCase().split(';')
  const charset = parameters.map((parameter) => parameter.trim()).find((text) => text.startsWith('charset='))
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset)
  if (mediaType?.trim() !== 'application/json' || !isUtf8) {
    throw badRequest('Send operations as JSON in UTF-8, with content-type: application/json.', 415)
  }
  if ((headers.get('content-encoding') ?? 'identity') !== 'identity') {
    throw badRequest('Send the request body as it is, without a content-encoding.', 415)
  }
}

/**
 * Refuses a body and closes its connection, since the rest of the body may never come. The retry of a client that was
 * refused for others comes when theirs are done or have run out of time.
 */
const refuseBody = (message: string, status: number, headers: Readonly<Record<string, string>> = {}) =>
  new GraphQLError(message, {
    extensions: {
      code: status === 503 ? 'RATE_LIMITED' : 'BAD_USER_INPUT',
      http: { status, headers: { connection: 'close', ...headers } },
    },
  })

function readText(request: Request, budget: BodyBudget): Promise<string> {
  const tooLarge = () => refuseBody(`The request body is larger than ${budget.maxBodyBytes} bytes.`, 413)
  return new Promise((resolve, reject) => {
    if (Number(request.headers.get('content-length') ?? 0) > budget.maxBodyBytes) throw tooLarge()
    const reader = request.body?.getReader()
    const body = budget.open(() =>
      reject(
        refuseBody('Too many request bodies are incomplete at the same time. Try again in 1 s.', 503, {
          'retry-after': '1',
        }),
      ),
    )
    // The reader is not cancelled, which would cut the connection before the answer.
    async function read(): Promise<string> {
      for (;;) {
        const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
        if (done) return body.text
        if (!body.add(value)) throw tooLarge()
      }
    }
    read()
      .catch((error: unknown) => {
        // The connection was closed while the client was sending, which is not an error of this service.
        throw error instanceof GraphQLError ? error : badRequest('The request body is incomplete.')
      })
      .finally(() => body.close())
      .then(resolve, reject)
  })
}

function readBody(text: string): GraphQLParams {
  const body = jsonOf(text, 'The request body')
  if (typeof body !== 'object' || body === null) throw badRequest('The request body must be a JSON object.')
  if (Array.isArray(body)) throw badRequest('Batches are not supported: send one operation a request.')
  return body
}

/** Reads the parameters of a GET request. Yoga checks their types afterwards, as it does for POST. */
function readQueryString(parameters: URLSearchParams): GraphQLParams {
  const params: Record<string, unknown> = {}
  for (const name of ['query', 'operationName'] as const) {
    const text = parameters.get(name)
    if (text) params[name] = text
  }
  for (const name of ['variables', 'extensions'] as const) {
    const text = parameters.get(name)
    if (text) params[name] = jsonOf(text, `The parameter "${name}"`)
  }
  return params
}

function jsonOf(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw badRequest(`${what} is not valid JSON.`)
  }
}
