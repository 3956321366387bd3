import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'

export interface Received {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Sends a request with exactly this path and these headers; `fetch` would normalize the path and add headers. */
export const requestRaw = (
  url: string,
  path: string,
  options: { readonly method?: string; readonly headers?: OutgoingHttpHeaders; readonly body?: string } = {},
): Promise<Received> => {
  const { body, ...rest } = options
  return new Promise((resolve, reject) => {
    request(new URL(url), { path, ...rest }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
        }),
      )
    })
      .on('error', reject)
      .end(body)
  })
}
