import type { AffinityqlError } from './errors.js'
import { goingOn } from './go-on.js'
import { pauseAfter } from './retry.js'
import type { CallOptions, Reading } from './transport.js'

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

export type FetchPage<Result> = (args: PageArguments, options: Reading) => Promise<Result>

/** Returns the cursor of the page after the one with these arguments; undefined if there is none. */
export type FetchCursor = (args: PageArguments, options: CallOptions) => Promise<string | undefined>

export const LARGEST_PAGE = 1_000

/**
 * Waits for the next turn of the event loop, which sends the request for the next page. A caller that works without a
 * pause would otherwise keep that request back.
 */
const eventLoopTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

/** The beginning of an answer that has a page after it. Within a text of JSON each quotation mark has a backslash before it. */
const BEGINNING = /^[^[\]]*"pageInfo":\{"hasNextPage":true,"endCursor":"([\w-]+)"/
/** Characters among which a cursor is looked for: it stands before the records of a page. */
const LONGEST_BEGINNING = 65_536

/** A page that was asked for. */
interface AskedPage<Result> {
  readonly page: Promise<Result>
  /** The cursor of the page after it, as soon as anything tells it; undefined if there is none, or no answer. */
  readonly cursor: Promise<string | undefined>
  /** Whether the answer has come to its end. */
  isWhole(): boolean
  /** Nobody needs the page any more. */
  cancel(): void
}

/** How a walk reads pages. */
export interface Walking<Result> {
  readonly fetchPage: FetchPage<Result>
  /** Tells where a page ends long before the server has made it. Without it, the page itself tells, or its beginning. */
  readonly fetchCursor?: FetchCursor | undefined
}

/**
 * Asks for a page, and for its cursor if the answers of both may be far apart. The end of a long answer comes much later than
 * its beginning, which tells the cursor as well.
 */
function askFor<Result extends Page<unknown>>(
  { fetchPage, fetchCursor }: Walking<Result>,
  args: PageArguments,
  signal: AbortSignal,
): AskedPage<Result> {
  const cancelled = new AbortController()
  const options = { signal: AbortSignal.any([signal, cancelled.signal]) }
  // Nobody waits for the answer to a question that the page has answered.
  const answered = new AbortController()
  let isWhole = false
  let tell = (_cursor: string): void => {}
  const told = new Promise<string>((resolve) => {
    tell = (cursor) => {
      resolve(cursor)
      answered.abort()
    }
  })
  const onBeginning = (text: string): boolean => {
    const cursor = BEGINNING.exec(text)?.[1]
    if (cursor !== undefined) tell(cursor)
    return cursor !== undefined || text.length > LONGEST_BEGINNING
  }
  const page = fetchPage(args, { ...options, onBeginning })
  // The beginning of a walk is often all of it. A cursor that cannot be had is no failure: the page tells it.
  if (args.after != null) {
    fetchCursor?.(args, { signal: AbortSignal.any([options.signal, answered.signal]) }).then(
      (cursor) => cursor !== undefined && tell(cursor),
      () => {},
    )
  }
  // It is thrown when the page is awaited. A caller that stops earlier does not need it.
  const atItsEnd = page.then(
    (whole) => {
      isWhole = true
      answered.abort()
      return cursorAfter(whole)
    },
    () => undefined,
  )
  return {
    page,
    cursor: Promise.race([told, atItsEnd]),
    isWhole: () => isWhole,
    cancel: () => cancelled.abort(),
  }
}

/** Asks until it is refused for good, as by a server that runs registered queries only, or costs too much. */
function untilRefused(fetchCursor: FetchCursor | undefined): FetchCursor | undefined {
  let isRefused = false
  return (
    fetchCursor &&
    (async (args, options) => {
      if (isRefused) return undefined
      try {
        return await fetchCursor(args, options)
      } catch (error) {
        isRefused ||= !options.signal?.aborted && pauseAfter(error, 0, Number.POSITIVE_INFINITY) === undefined
        throw error
      }
    })
  )
}

export const cursorAfter = ({ pageInfo }: Pick<Page<unknown>, 'pageInfo'>): string | undefined =>
  pageInfo.hasNextPage ? (pageInfo.endCursor ?? undefined) : undefined

/**
 * Fetches page after page, in the order that the arguments name. It asks for a page as soon as the cursor is known: the server
 * makes one page while the other is made or read.
 */
export async function* eachPage<Result extends Page<unknown>>(
  { fetchPage, fetchCursor }: Walking<Result>,
  args: PageArguments,
  { signal, onWait }: Omit<PagesOptions, 'limit'>,
): AsyncGenerator<Result, void, undefined> {
  const walking = { fetchPage: goingOn(fetchPage, onWait), fetchCursor: untilRefused(fetchCursor) }
  const stop = new AbortController()
  const ends = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal
  const ask = (after?: string) =>
    askFor(
      walking,
      { ...args, first: args.first ?? LARGEST_PAGE, ...(after !== undefined && { after }) },
      ends,
    )
  let asked: AskedPage<Result> | undefined = ask()
  try {
    while (asked) {
      const cursor: string | undefined = await asked.cursor
      const isEarly = !asked.isWhole()
      let next: AskedPage<Result> | undefined = cursor === undefined ? undefined : ask(cursor)
      const page: Result = await asked.page
      const after = cursorAfter(page)
      // Records may have gone since the cursor was told, or the answer broke off after its beginning and was asked for again.
      const isAnother = after !== cursor
      if (isAnother) {
        next?.cancel()
        next = after === undefined ? undefined : ask(after)
      }
      if (next && (isAnother || !isEarly)) await eventLoopTurn()
      yield page
      asked = next
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
    eachPage({ fetchPage }, args, options),
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
