import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { StandInGateway } from './stand-in.js'

export interface StandInServer {
  readonly url: string
  /** Every call so far, with the bytes of its request line. */
  readonly calls: readonly ServedCall[]
  /** Answers in the stand-in's place; true: it has. */
  interfere: (request: IncomingMessage, response: ServerResponse) => boolean
  close(): Promise<void>
}

export interface ServedCall {
  readonly method: string
  readonly target: string
  readonly authorization: string | undefined
  readonly body: string
  /** The number of the connection that it came by. */
  readonly connection: number
}

/** Serves a stand-in's admin API on a free port. Each new connection goes to the next process, and stays there. */
export async function listenStandIn(gateway: StandInGateway): Promise<StandInServer> {
  const calls: ServedCall[] = []
  const connections = new WeakMap<Socket, number>()
  let connected = 0

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const connection = connections.get(request.socket) ?? 0
    const { method = '', url: target = '' } = request
    const { authorization } = request.headers
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    calls.push({ method, target, authorization, body, connection })
    if (server.interfere(request, response)) return
    const said = await gateway.answer({ method, target, authorization, body }, connection)
    response.writeHead(said.status, { 'content-type': 'application/json' }).end(JSON.stringify(said.body))
  }

  const listener = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  listener.on('connection', (socket) => {
    connected += 1
    connections.set(socket, connected)
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  listener.unref()
  const server: StandInServer = {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    calls,
    interfere: () => false,
    async close() {
      if (!listener.listening) return
      listener.closeAllConnections()
      await new Promise((resolve) => listener.close(resolve))
    },
  }
  return server
}
