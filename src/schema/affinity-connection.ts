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
    description: 'This is one affinity and its cursor.',
    fields: (t) => ({
      cursor: t.string({
        description: CONNECTION_TEXTS.cursor,
        resolve: ({ record, cursorOf }) => cursorOf(record),
      }),
      node: t.field({ description: CONNECTION_TEXTS.node, type: Affinity, resolve: ({ record }) => record }),
    }),
  })

export const AffinityConnection = builder.objectRef<ConnectionShape>('AffinityConnection').implement({
  description: 'This is one page of affinities.',
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
    totalCount: t.exposeInt('totalCount', {
      description: 'All pages together have exactly this number of records.',
    }),
    matchedUser: t.expose('matchedUser', {
      type: User,
      nullable: true,
      description:
        'This is the user that `search` names exactly, or the owner of the API key that it names; null if it names none.',
    }),
    matchedApiKey: t.expose('matchedApiKey', {
      type: ApiKey,
      nullable: true,
      description: 'This is the API key that `search` names exactly; null if it names none.',
    }),
  }),
})
