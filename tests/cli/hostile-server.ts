import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/**
 * A text that a terminal would obey: it sets the title, clears the screen, turns letters around, hides some, and begins
 * lines that look like those of the command line.
 */
export const EVIL =
  '\u001b]0;owned\u0007\u001b[2J\u009b31m\u202eevil\u200b\u0085\u2028\r\naffinityql: forged\rforged\n'

export interface Reply {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

export interface HostileServer {
  readonly url: string
  /** The bodies of the requests that came. */
  readonly received: readonly string[]
  /** Every later request gets this answer. */
  answer(next: (body: string) => Reply | Promise<Reply>): void
  close(): void
}

/** A server that answers as a test says. */
export async function startHostileServer(): Promise<HostileServer> {
  let current: Parameters<HostileServer['answer']>[0] = () => ({ body: '{}' })
  const received: string[] = []
  const reply = async (request: IncomingMessage, response: ServerResponse) => {
    const sent = await text(request)
    received.push(sent)
    const { status = 200, headers = { 'content-type': 'application/json' }, body } = await current(sent)
    response.writeHead(status, headers).end(body)
  }
  const server = createServer((request, response) => {
    reply(request, response).catch((error: Error) => response.destroy(error))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answer: (next) => {
      current = next
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Returns an honest answer with evil in every text but those that choose a branch. Numbers are texts, too, if wanted. */
export function poisoned(value: unknown, numbers: 'numbers stay' | 'numbers are texts'): unknown {
  const poison = (name: string, inner: unknown): unknown => {
    if (typeof inner === 'string') return name === '__typename' ? inner : inner + EVIL
    if (typeof inner === 'number') return numbers === 'numbers stay' ? inner : inner + EVIL
    if (Array.isArray(inner)) return inner.map((item) => poison('', item))
    if (typeof inner !== 'object' || inner === null) return inner
    return Object.fromEntries(Object.entries(inner).map(([key, item]) => [key, poison(key, item)]))
  }
  return poison('', value)
}
