import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A simulated gateway that serves only its statistics. */
export interface StockGateway {
  readonly url: string
  /** Requests so far: path and Authorization header. */
  readonly requests: readonly { readonly path: string; readonly authorization: string | undefined }[]
  /** Handler of the following requests. */
  answer: (request: IncomingMessage, response: ServerResponse) => void
  /** Stops listening and cuts its connections. */
  stop(): Promise<void>
}

/** Creates a handler that answers 200 with this JSON. */
export const json =
  (body: unknown): StockGateway['answer'] =>
  (_request, response) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body))

/** Starts a simulated gateway on a free port; it ends with the test. */
export async function startGateway(answer: StockGateway['answer']): Promise<StockGateway> {
  const requests: { path: string; authorization: string | undefined }[] = []
  const server = createServer((request, response) => {
    requests.push({ path: request.url ?? '', authorization: request.headers.authorization })
    gateway.answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const gateway: StockGateway = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer,
    async stop() {
      if (!server.listening) return
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  onTestFinished(() => gateway.stop())
  return gateway
}
