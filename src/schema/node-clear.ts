import type { NodeResult } from '../errors.js'
import { builder } from './builder.js'

export const NodeClear = builder.objectRef<NodeResult>('NodeClear').implement({
  description: 'This says what one node of the gateway did at a clear.',
  fields: (t) => ({
    url: t.exposeString('url', { description: 'This is the node’s URL, as GATEWAY_URLS has it.' }),
    ok: t.exposeBoolean('ok', { description: 'True if the node did all that it was asked to.' }),
    clearedCount: t.exposeInt('clearedCount', {
      nullable: true,
      description:
        'The node said that it removed this number of affinities; null if its route gives no number.',
    }),
    error: t.exposeString('error', {
      nullable: true,
      description: 'This says why the node did not do it; null if it did.',
    }),
  }),
})
