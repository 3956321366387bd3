import type { ArgBuilder } from '@pothos/core'
import { DEFAULT_FIRST, MAX_FIRST } from '../resolvers/page-arguments.js'
import { type BuilderTypes, builder } from './builder.js'

export interface PageInfoShape {
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
  readonly startCursor: string | null
  readonly endCursor: string | null
}

export const PageInfo = builder.objectRef<PageInfoShape>('PageInfo').implement({
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

/** Descriptions of the fields that all connections and edges share. */
export const CONNECTION_TEXTS = {
  cursor: 'This cursor marks the record’s place: send it as `after` to get the records that follow.',
  node: 'This is the record.',
  edges: 'These are the page’s records, each with its cursor.',
  nodes: 'These are the page’s records without their cursors.',
  pageInfo: 'This says where the page lies, and which cursor to ask for the next page with.',
}

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
export const ONCE = { field: 1, multiplier: 1 }

/** Complexity of a page: the cost of a record times `first`. */
export const pageComplexity = ({ first }: { first?: number | null | undefined }) => ({
  field: 5,
  multiplier: Math.min(Math.max(first ?? DEFAULT_FIRST, 1), MAX_FIRST),
})
