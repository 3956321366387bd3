import { GraphQLError } from 'graphql'
import type { GraphQLParams, Plugin } from 'graphql-yoga'

export interface JsonRequestsOptions {
  /** Largest request body that is accepted, in bytes. */
  readonly maxBodyBytes: number
}

const badRequest = (message: string, status = 400): GraphQLError =>
  new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT', http: { status } } })

/**
 * Accepts POST requests only as `application/json`. Yoga would also run operations sent as forms, multipart or plain GraphQL
 * text, which any web page can send without a CORS preflight (CSRF). Bodies and query strings are parsed here, so that error
 * messages do not contain the parser's own words.
 */
export function useJsonRequests({ maxBodyBytes }: JsonRequestsOptions): Plugin {
  return {
    onRequestParse({ request, url, setRequestParser }) {
      if (request.method === 'GET') setRequestParser(() => readQueryString(url.searchParams))
      if (request.method !== 'POST') return
      setRequestParser(async () => {
        refuseUnlessPlainJson(request.headers)
        return readBody(await readText(request, maxBodyBytes))
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

async function readText(request: Request, maxBytes: number): Promise<string> {
  const tooLarge = () => badRequest(`The request body is larger than ${maxBytes} bytes.`, 413)
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge()
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of request.body ?? []) {
      size += chunk.byteLength
      if (size > maxBytes) throw tooLarge()
      chunks.push(chunk)
    }
  } catch (error) {
    // The connection was closed while the client was sending, which is not an error of this service.
    throw error instanceof GraphQLError ? error : badRequest('The request body is incomplete.')
  }
  return Buffer.concat(chunks).toString('utf8')
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
