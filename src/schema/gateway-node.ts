import type { NodeState } from '../gateway/nodes/gateway-nodes.js'
import { builder } from './builder.js'

/** One of the gateway's processes, as far as it is known. */
export const GatewayNode = builder.objectRef<NodeState>('GatewayNode').implement({
  description:
    'This is one node of the gateway, of GATEWAY_URLS. A field is null until the service has looked, which it does at its start and every five minutes, and every 15 seconds while the node does not answer.',
  fields: (t) => ({
    url: t.exposeString('url', { description: 'This is the node’s URL, as GATEWAY_URLS has it.' }),
    reachable: t.exposeBoolean('reachable', {
      nullable: true,
      description: 'True if the node answered.',
    }),
    canRead: t.exposeBoolean('canRead', {
      nullable: true,
      description: 'True if the node accepts the token for reading.',
    }),
    canClear: t.exposeBoolean('canClear', {
      nullable: true,
      description: 'True if the node accepts the token for clears.',
    }),
    canClearAtOnce: t.exposeBoolean('canClearAtOnce', {
      nullable: true,
      description:
        'True if clears act at once there. At the Rust gateway the service looks only with CLEAR_AT_ONCE=true.',
    }),
    alternates: t.exposeBoolean('alternates', {
      nullable: true,
      description:
        'True if its answers come from several processes: a load balancer in place of a node, or a node with workers.',
    }),
    checkedAt: t.expose('checkedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'The service looked last at this time.',
    }),
    error: t.exposeString('error', {
      nullable: true,
      description: 'This says what is wrong with the node; null if nothing is.',
    }),
  }),
})
