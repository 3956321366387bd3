import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** In front of a server: it passes requests on, unless the next of `answers` says what to do instead. */
export interface FlakyProxy {
  readonly url: string
  /** Requests that came, passed on or not. */
  readonly requests: number
  /** For each of the next requests: a status with headers, or `hang up`, or `never` an answer. */
  answer(...next: Misbehaviour[]): void
  /** Cuts every connection that is open. */
  cut(): void
}

export type Misbehaviour =
  | 'hang up'
  | 'never'
  | { readonly status: number; readonly headers?: Record<string, string> }

/** @param before Awaited before a request is passed on; requests are counted from 1. */
export async function startFlakyProxy(
  target: string,
  before?: (request: number) => Promise<void>,
): Promise<FlakyProxy> {
  const planned: Misbehaviour[] = []
  let requests = 0
  const server = createServer((incoming, outgoing) => {
    requests += 1
    const plan = planned.shift()
    if (plan === 'hang up') incoming.socket.destroy()
    else if (plan === undefined && before) {
      before(requests).then(
        () => pass(target, incoming, outgoing),
        (error: Error) => outgoing.destroy(error),
      )
    } else if (plan === undefined) pass(target, incoming, outgoing)
    else if (plan !== 'never') outgoing.writeHead(plan.status, plan.headers).end('<h1>Not now</h1>')
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests
    },
    answer: (...next) => planned.push(...next),
    cut: () => server.closeAllConnections(),
  }
}

function pass(target: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const passed = request(
    new URL(incoming.url ?? '/', target),
    { method: incoming.method ?? 'GET', headers: incoming.headers },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.on('error', () => outgoing.destroy()).pipe(outgoing)
    },
  )
  passed.on('error', () => outgoing.destroy())
  outgoing.on('close', () => passed.destroy())
  incoming.pipe(passed)
}
