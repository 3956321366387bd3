import { GraphQLError } from 'graphql'
import type { GraphQLParams, Plugin } from 'graphql-yoga'

export interface JsonRequestsOptions {
  /** Largest request body that is read, in bytes. */
  readonly maxBodyBytes: number
}

const badRequest = (message: string, status = 400): GraphQLError =>
  new GraphQLError(message, {
    extensions: { code: 'BAD_USER_INPUT', http: { status, spec: status === 400 } },
  })

/**
 * Takes POSTed operations as `application/json` alone. Yoga would also run those sent as forms, multipart or plain
 * GraphQL text, which any web page can send without asking. The body is read up to a limit and parsed here, so that
 * what is wrong with it is said without the parser's own words.
 */
export function useJsonRequests({ maxBodyBytes }: JsonRequestsOptions): Plugin {
  return {
    onRequestParse({ request, setRequestParser }) {
      if (request.method !== 'POST') return
      setRequestParser(async () => {
        if (!isJson(request.headers)) {
          throw badRequest('Send operations as JSON, with content-type: application/json.', 415)
        }
        return parse(await readText(request, maxBodyBytes))
      })
    },
  }
}

function isJson(headers: Headers): boolean {
  const [mediaType, ...parameters] = (headers.get('content-type') ?? '').toLowerCase().split(';')
  const charset = parameters.map((parameter) => parameter.trim()).find((text) => text.startsWith('charset='))
  const encoding = headers.get('content-encoding')
  return (
    mediaType?.trim() === 'application/json' &&
    (charset === undefined || /^charset="?utf-?8"?$/.test(charset)) &&
    (encoding === null || encoding === 'identity')
  )
}

async function readText(request: Request, maxBytes: number): Promise<string> {
  const tooLarge = badRequest(`The request body is larger than ${maxBytes} bytes.`, 413)
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength
    if (size > maxBytes) throw tooLarge
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parse(text: string): GraphQLParams {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw badRequest('The request body is not valid JSON.')
  }
  if (typeof body !== 'object' || body === null) throw badRequest('The request body must be a JSON object.')
  if (Array.isArray(body)) throw badRequest('Batches are not supported: send one operation a request.')
  return body
}
