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
  description: 'Where a page lies among the others.',
  fields: (t) => ({
    hasNextPage: t.exposeBoolean('hasNextPage', { description: 'Whether records follow this page.' }),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
      description: 'Whether records lie before this page.',
    }),
    startCursor: t.exposeString('startCursor', { nullable: true, description: 'Null on an empty page.' }),
    endCursor: t.exposeString('endCursor', {
      nullable: true,
      description: 'Give it as `after` for the next page. Null on an empty page.',
    }),
  }),
})

/** What every connection and edge says of the same fields. */
export const CONNECTION_TEXTS = {
  cursor: 'The record’s place: give it as `after` for what follows.',
  node: 'The record itself.',
  edges: 'The page’s records, each with its place.',
  nodes: 'The page’s records alone.',
  pageInfo: 'Where the page lies, and how to ask for the next.',
}

/** `first` and `after`, as every connection has them. */
export const pageArguments = (arg: ArgBuilder<BuilderTypes>) => ({
  first: arg.int({ defaultValue: DEFAULT_FIRST, description: `Records wanted, 1 to ${MAX_FIRST}.` }),
  after: arg.string({ description: '`endCursor` of the page before, from the same query.' }),
})

/** Fields of a list inside a connection cost once for each record; the connection itself multiplies. */
export const ONCE = { field: 1, multiplier: 1 }

/** A page costs what its records cost, times their number. */
export const pageComplexity = ({ first }: { first?: number | null | undefined }) => ({
  field: 5,
  multiplier: Math.min(Math.max(first ?? DEFAULT_FIRST, 1), MAX_FIRST),
})
