import type { AffinityRecord } from '../affinities/affinity-record.js'
import type { AffinityConnection as ConnectionShape } from '../resolvers/affinities.js'
import { Affinity } from './affinity.js'
import { ApiKey } from './api-key.js'
import { builder } from './builder.js'
import { CONNECTION_TEXTS, ONCE, PageInfo } from './paging.js'
import { User } from './user.js'

const AffinityEdge = builder
  .objectRef<{ record: AffinityRecord; cursorOf: ConnectionShape['cursorOf'] }>('AffinityEdge')
  .implement({
    description: 'An affinity and its place in the order.',
    fields: (t) => ({
      cursor: t.string({
        description: CONNECTION_TEXTS.cursor,
        resolve: ({ record, cursorOf }) => cursorOf(record),
      }),
      node: t.field({ description: CONNECTION_TEXTS.node, type: Affinity, resolve: ({ record }) => record }),
    }),
  })

export const AffinityConnection = builder.objectRef<ConnectionShape>('AffinityConnection').implement({
  description: 'A page of affinities.',
  fields: (t) => ({
    edges: t.field({
      description: CONNECTION_TEXTS.edges,
      type: [AffinityEdge],
      complexity: ONCE,
      resolve: ({ records, cursorOf }) => records.map((record) => ({ record, cursorOf })),
    }),
    nodes: t.field({
      description: CONNECTION_TEXTS.nodes,
      type: [Affinity],
      complexity: ONCE,
      resolve: ({ records }) => records,
    }),
    pageInfo: t.field({
      description: CONNECTION_TEXTS.pageInfo,
      type: PageInfo,
      resolve: ({ records, cursorOf, hasNextPage, hasPreviousPage }) => {
        const [first, last] = [records[0], records.at(-1)]
        return {
          hasNextPage,
          hasPreviousPage,
          startCursor: first ? cursorOf(first) : null,
          endCursor: last ? cursorOf(last) : null,
        }
      },
    }),
    totalCount: t.exposeInt('totalCount', { description: 'Exact, over all pages.' }),
    matchedUser: t.expose('matchedUser', {
      type: User,
      nullable: true,
      description: 'When `search` was recognised as one user, or as an API key of that user.',
    }),
    matchedApiKey: t.expose('matchedApiKey', {
      type: ApiKey,
      nullable: true,
      description: 'When `search` was recognised as one API key.',
    }),
  }),
})
