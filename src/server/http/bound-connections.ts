import type { Server } from 'node:http'
import { clientNetwork } from '../../util/network.js'
import { peerAddress, type TrustProxy } from './client-address.js'
import type { CutReason, TransportLimits } from './transport-limits.js'

/**
 * Refuses connections beyond a total and beyond a number for each client network. The clients of a trusted proxy share its
 * address, so that only the total bounds its connections.
 */
export function boundConnections(
  server: Server,
  limits: Pick<TransportLimits, 'connections' | 'connectionsPerNetwork'>,
  trustProxy: TrustProxy,
  onCut: (reason: CutReason) => void,
): void {
  const { connections, connectionsPerNetwork } = limits
  if (connections > 0) server.maxConnections = connections
  server.on('drop', () => {
    // A connection that waits for its next request gives way to a new one. Its client opens another when it needs one.
    server.closeIdleConnections()
    onCut('connections')
  })
  if (connectionsPerNetwork === 0) return

  const open = new Map<string, number>()
  server.on('connection', (socket) => {
    const address = peerAddress(socket)
    if (trustProxy(address, 0)) return
    const network = clientNetwork(address)
    const count = open.get(network) ?? 0
    if (count >= connectionsPerNetwork) {
      socket.resetAndDestroy()
      onCut('address_connections')
      return
    }
    open.set(network, count + 1)
    socket.once('close', () => {
      const left = (open.get(network) ?? 1) - 1
      if (left > 0) open.set(network, left)
      else open.delete(network)
    })
  })
}
