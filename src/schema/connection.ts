import type { ArgBuilder, ObjectRef } from '@pothos/core'
import { type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql'
import type { Selected } from '../loaders/affinity-joins.js'
import { DEFAULT_FIRST, type KeysetPage, MAX_FIRST } from '../resolvers/paging.js'
import { whenKnown } from '../util/promises.js'
import { type BuilderTypes, builder } from './builder.js'

interface PageInfoShape {
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
  readonly startCursor: string | null
  readonly endCursor: string | null
}

const PageInfo = builder.objectRef<PageInfoShape>('PageInfo').implement({
  description: 'The page info says where a page lies among the others.',
  fields: (t) => ({
    hasNextPage: t.exposeBoolean('hasNextPage', { description: 'True if records follow this page.' }),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
      description: 'True if records lie before this page.',
    }),
    startCursor: t.exposeString('startCursor', {
      nullable: true,
      description: 'This is the cursor of the page’s first record; null on an empty page.',
    }),
    endCursor: t.exposeString('endCursor', {
      nullable: true,
      description: 'Send this cursor as `after` to get the next page; null on an empty page.',
    }),
  }),
})

/** Defines the arguments `first` and `after` of a connection. */
export const pageArguments = (arg: ArgBuilder<BuilderTypes>) => ({
  first: arg.int({
    defaultValue: DEFAULT_FIRST,
    description: `The page has at most so many records, 1 to ${MAX_FIRST}.`,
  }),
  after: arg.string({
    description:
      'Send the `endCursor` of the page before, from the same query. A cursor of another query is INVALID_INPUT.',
  }),
})

/** Complexity of a list inside a connection: the connection already multiplies by the number of records. */
const ONCE = { field: 1, multiplier: 1 }

/** Complexity of a page: the cost of a record times `first`. */
export const pageComplexity = ({ first }: { first?: number | null | undefined }) => ({
  field: 5,
  multiplier: Math.min(Math.max(first ?? DEFAULT_FIRST, 1), MAX_FIRST),
})

/**
 * Defines the connection and edge types of a list with keyset pagination. `builder.objectFields` adds the fields that only
 * one connection has.
 * @param name name of the node's type; `ModelMapping` gets `ModelMappingConnection` and `ModelMappingEdge`
 * @param noun word for a node in descriptions
 */
export function keysetConnection<Node, Page extends KeysetPage<Node> = KeysetPage<Node>>(
  name: string,
  node: ObjectRef<BuilderTypes, Node>,
  noun: string,
  description = `This is one page of a list; each record is one ${noun}.`,
): ObjectRef<BuilderTypes, Page> {
  // A cursor is made only if it is requested, since 1,000 cursors cost more than the records of a page.
  const edge = builder.objectRef<{ node: Node; page: Page }>(`${name}Edge`).implement({
    description: `This is one ${noun} and its cursor.`,
    fields: (t) => ({
      cursor: t.string({
        description:
          'This cursor marks the record’s place: send it as `after` to get the records that follow.',
        resolve: (parent) => parent.page.cursorOf(parent.node),
      }),
      node: t.expose('node', { description: 'This is the record.', type: node }),
    }),
  })

  return builder.objectRef<Page>(`${name}Connection`).implement({
    description,
    fields: (t) => ({
      edges: t.field({
        description: 'These are the page’s records, each with its cursor.',
        type: [edge],
        complexity: ONCE,
        resolve: (page) => whenKnown(page.items(), (items) => items.map((item) => ({ node: item, page }))),
      }),
      nodes: t.field({
        description: 'These are the page’s records without their cursors.',
        type: [node],
        complexity: ONCE,
        resolve: (page) => page.items(),
      }),
      pageInfo: t.field({
        description: 'This says where the page lies, and which cursor to ask for the next page with.',
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

/** Collects the fields that a query selects on the resolved object. */
export function selectedFields(info: GraphQLResolveInfo): Selected {
  const tree: MutableSelected = Object.create(null)
  for (const { selectionSet } of info.fieldNodes) collect(selectionSet, tree, info)
  return tree
}

type MutableSelected = { [field: string]: MutableSelected }

/**
 * Collects the fields that a query selects on a connection's records, both under `nodes` and under `edges { node }`.
 * @param path fields that lead from the resolved field to the connection
 */
export function selectedNodes(info: GraphQLResolveInfo, path: readonly string[] = []): Selected {
  const tree = selectedFields(info)
  const connection = path.reduce<Selected | undefined>((found, field) => found?.[field], tree)
  return merge(connection?.['nodes'] ?? {}, connection?.['edges']?.['node'] ?? {})
}

/** Collects the fields of a selection set. It ignores `@skip` and `@include`: rows may be read in vain, but never too few. */
function collect(
  selectionSet: SelectionSetNode | undefined,
  into: MutableSelected,
  info: GraphQLResolveInfo,
): void {
  for (const selection of selectionSet?.selections ?? []) {
    if (selection.kind === Kind.FIELD) {
      const name = selection.name.value
      into[name] ??= Object.create(null) as MutableSelected
      collect(selection.selectionSet, into[name], info)
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      collect(selection.selectionSet, into, info)
    } else {
      collect(info.fragments[selection.name.value]?.selectionSet, into, info)
    }
  }
}

function merge(a: Selected, b: Selected): Selected {
  const merged: MutableSelected = Object.create(null)
  for (const field of new Set([...Object.keys(a), ...Object.keys(b)])) {
    merged[field] = merge(a[field] ?? {}, b[field] ?? {}) as MutableSelected
  }
  return merged
}
