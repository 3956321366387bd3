import type { ObjectRef } from '@pothos/core'
import type { KeysetPage } from '../resolvers/keyset-list.js'
import { type BuilderTypes, builder } from './builder.js'
import { CONNECTION_TEXTS, ONCE, PageInfo } from './paging.js'

/**
 * Defines the connection and edge types of a list with keyset pagination.
 * @param name name of the node's type; `ModelMapping` gets `ModelMappingConnection` and `ModelMappingEdge`
 * @param noun word for a node in descriptions
 */
export function keysetConnection<Node>(
  name: string,
  node: ObjectRef<BuilderTypes, Node>,
  noun: string,
): ObjectRef<BuilderTypes, KeysetPage<Node>> {
  const edge = builder.objectRef<{ node: Node; cursor: string }>(`${name}Edge`).implement({
    description: `This is one ${noun} and its cursor.`,
    fields: (t) => ({
      cursor: t.string({ description: CONNECTION_TEXTS.cursor, resolve: (parent) => parent.cursor }),
      node: t.expose('node', { description: CONNECTION_TEXTS.node, type: node }),
    }),
  })

  return builder.objectRef<KeysetPage<Node>>(`${name}Connection`).implement({
    description: `This is one page of a list; each record is one ${noun}.`,
    fields: (t) => ({
      edges: t.field({
        description: CONNECTION_TEXTS.edges,
        type: [edge],
        complexity: ONCE,
        resolve: async (page) =>
          (await page.items()).map((item) => ({ node: item, cursor: page.cursorOf(item) })),
      }),
      nodes: t.field({
        description: CONNECTION_TEXTS.nodes,
        type: [node],
        complexity: ONCE,
        resolve: (page) => page.items(),
      }),
      pageInfo: t.field({
        description: CONNECTION_TEXTS.pageInfo,
        type: PageInfo,
        resolve: async (page) => {
          const [items, hasNextPage, hasPreviousPage] = await Promise.all([
            page.items(),
            page.hasNextPage(),
            page.hasPreviousPage(),
          ])
          const [first, last] = [items[0], items.at(-1)]
          return {
            hasNextPage,
            hasPreviousPage,
            startCursor: first === undefined ? null : page.cursorOf(first),
            endCursor: last === undefined ? null : page.cursorOf(last),
          }
        },
      }),
      totalCount: t.int({
        description: 'All pages together have exactly this number of records.',
        resolve: (page) => page.totalCount(),
      }),
    }),
  })
}
