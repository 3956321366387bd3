import type { ObjectRef } from '@pothos/core'
import type { KeysetPage } from '../resolvers/keyset-list.js'
import { type BuilderTypes, builder } from './builder.js'
import { CONNECTION_TEXTS, ONCE, PageInfo } from './paging.js'

/**
 * The connection and the edge type of a list that is paged by keyset.
 * @param name of the node's type; `ModelMapping` has `ModelMappingConnection` and `ModelMappingEdge`
 * @param plural what the nodes are, in words, for descriptions
 */
export function keysetConnection<Node>(
  name: string,
  node: ObjectRef<BuilderTypes, Node>,
  plural: string,
): ObjectRef<BuilderTypes, KeysetPage<Node>> {
  const edge = builder.objectRef<{ node: Node; cursor: string }>(`${name}Edge`).implement({
    description: `One of the ${plural} and its place in the order.`,
    fields: (t) => ({
      cursor: t.string({ description: CONNECTION_TEXTS.cursor, resolve: (parent) => parent.cursor }),
      node: t.expose('node', { description: CONNECTION_TEXTS.node, type: node }),
    }),
  })

  return builder.objectRef<KeysetPage<Node>>(`${name}Connection`).implement({
    description: `A page of ${plural}.`,
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
      totalCount: t.int({ description: 'Exact, over all pages.', resolve: (page) => page.totalCount() }),
    }),
  })
}
