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
    hasNextPage: t.exposeBoolean('hasNextPage'),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage'),
    startCursor: t.exposeString('startCursor', { nullable: true, description: 'Null on an empty page.' }),
    endCursor: t.exposeString('endCursor', {
      nullable: true,
      description: 'Give it as `after` for the next page. Null on an empty page.',
    }),
  }),
})

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
