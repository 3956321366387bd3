import type { CallOptions } from './transport.js'

/** A page of a list, as every list of the API has it. */
export interface Page<Node> {
  /** Exact, over all pages. */
  readonly totalCount: number
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
  readonly nodes: readonly Node[]
}

/** Arguments of a list that is read from its beginning: `first` is then the size of a page, 1 to 1,000. */
export type WholeList<Arguments> = Omit<Arguments, 'after' | 'offset'>

/** A list of the API: one page by calling it, the rest by iterating. */
export interface List<Arguments, Result extends Page<unknown>> {
  /** One page. `first` is 1 to 1,000, default 100; `after` is the `endCursor` of the page before. */
  (args?: Arguments, options?: CallOptions): Promise<Result>
  /**
   * Every page; 1,000 records each unless `first` says otherwise. While one is worked on the next is fetched, and no more
   * than two are held. Affinities come in the order of creation, each once, however often they are used meanwhile; where
   * `orderBy` names another order, all of them are read and held before the first page comes.
   */
  pages(args?: WholeList<Arguments>, options?: CallOptions): AsyncGenerator<Result, void, undefined>
  /** Every record of every page. */
  all(
    args?: WholeList<Arguments>,
    options?: CallOptions,
  ): AsyncGenerator<Result['nodes'][number], void, undefined>
}

export interface PageArguments {
  readonly first?: number | null | undefined
  readonly after?: string | null | undefined
}

export type FetchPage<Result> = (args: PageArguments, options: CallOptions) => Promise<Result>

export const LARGEST_PAGE = 1_000

/**
 * What was asked for leaves only when the event loop turns: a caller that works a page off without a pause would
 * otherwise keep the server waiting for the next question meanwhile.
 */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

/** Page after page, in the order that the arguments name. */
export async function* eachPage<Result extends Page<unknown>>(
  fetchPage: FetchPage<Result>,
  args: PageArguments,
  { signal }: CallOptions,
): AsyncGenerator<Result, void, undefined> {
  const stop = new AbortController()
  const options = { signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal }
  const after = (cursor?: string) =>
    fetchPage(
      { ...args, first: args.first ?? LARGEST_PAGE, ...(cursor !== undefined && { after: cursor }) },
      options,
    )
  let next: Promise<Result> | undefined = after()
  try {
    while (next) {
      const page: Result = await next
      const { hasNextPage, endCursor } = page.pageInfo
      next = hasNextPage && endCursor !== null ? after(endCursor) : undefined
      // Its failure is told when it is awaited; a caller that stops before does not care.
      next?.catch(() => {})
      if (next) await turn()
      yield page
    }
  } finally {
    stop.abort()
  }
}

/** A list whose order does not move while it is read: by name, or by when something happened. */
export const createList = <Arguments extends PageArguments, Result extends Page<unknown>>(
  fetchPage: FetchPage<Result>,
): List<Arguments, Result> =>
  listOf<Arguments, Result>(fetchPage, (args = {} as WholeList<Arguments>, options = {}) =>
    eachPage(fetchPage, args, options),
  )

export function listOf<Arguments extends PageArguments, Result extends Page<unknown>>(
  fetchPage: FetchPage<Result>,
  pages: List<Arguments, Result>['pages'],
): List<Arguments, Result> {
  async function* all(args: WholeList<Arguments> | undefined, options?: CallOptions) {
    for await (const page of pages(args, options)) yield* page.nodes
  }
  return Object.assign(
    (args: Arguments = {} as Arguments, options: CallOptions = {}) => fetchPage(args, options),
    { pages, all },
  )
}
