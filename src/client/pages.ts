import type { AffinityqlError } from './errors.js'
import { goingOn } from './go-on.js'
import type { CallOptions } from './transport.js'

/** Every list of the API has pages of this shape. */
export interface Page<Node> {
  /** All pages together have exactly this number of records. */
  readonly totalCount: number
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
  readonly nodes: readonly Node[]
}

/** These arguments read a list from its beginning. `first` is the size of a page, 1 to 1,000. */
export type WholeList<Arguments> = Omit<Arguments, 'after' | 'offset'>

export interface PagesOptions extends CallOptions {
  /**
   * The caller takes so many records, the first ones of the order. The client then reads no more than it needs for them; the
   * last page may have more, and `totalCount` is still the number of all.
   */
  readonly limit?: number | undefined
  /** This is called when a page after the first fails and is awaited, which may take a minute. */
  readonly onWait?: ((error: AffinityqlError) => void) | undefined
}

/** A list of the API returns one page when it is called, and all pages through its iterators. */
export interface List<Arguments, Result extends Page<unknown>> {
  /** Returns one page. `first` is 1 to 1,000, default 100; `after` is the `endCursor` of the page before. */
  (args?: Arguments, options?: CallOptions): Promise<Result>
  /**
   * Iterates over every page, of 1,000 records unless `first` says otherwise. It prefetches the next page meanwhile
   * and holds at most two pages. If a page after the first fails, it waits up to a minute for it. Affinities come in the
   * order of creation, each once, also while gateways use them. For another `orderBy`, the client reads and holds all of them before the first page comes, or with a
   * `limit` those that come first.
   */
  pages(args?: WholeList<Arguments>, options?: PagesOptions): AsyncGenerator<Result, void, undefined>
  /** Iterates over every record of every page. */
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
 * Waits for the next turn of the event loop, which sends the request for the next page. A caller that works without a
 * pause would otherwise keep that request back.
 */
const eventLoopTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

/** Fetches page after page, in the order that the arguments name. */
export async function* eachPage<Result extends Page<unknown>>(
  fetchPage: FetchPage<Result>,
  args: PageArguments,
  { signal, onWait }: Omit<PagesOptions, 'limit'>,
): AsyncGenerator<Result, void, undefined> {
  const goOn = goingOn(fetchPage, onWait)
  const stop = new AbortController()
  const options = { signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal }
  const after = (cursor?: string) =>
    goOn(
      { ...args, first: args.first ?? LARGEST_PAGE, ...(cursor !== undefined && { after: cursor }) },
      options,
    )
  let next: Promise<Result> | undefined = after()
  try {
    while (next) {
      const page: Result = await next
      const { hasNextPage, endCursor } = page.pageInfo
      next = hasNextPage && endCursor !== null ? after(endCursor) : undefined
      // A failed prefetch is thrown when it is awaited. A caller that stops earlier does not need it.
      next?.catch(() => {})
      if (next) await eventLoopTurn()
      yield page
    }
  } finally {
    stop.abort()
  }
}

/** Makes a list whose order does not change while it is read, such as an order by name. */
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
