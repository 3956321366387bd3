import { type Command, Option } from 'commander'
import type { AffinityqlError, List, Page } from '../client/index.js'
import { type Cli, formatOf, limit, tableViewOf } from './command.js'
import { type Column, count, counted, shownColumns, type TableView, table, withoutHead } from './format.js'
import { concat, type Printable, plain, toJson } from './terminal.js'

const TABLE_ROWS = 100
const LARGEST_PAGE = 1_000

export const limitOption = (): Option =>
  new Option(
    '--limit <records>',
    `Print at most this number of records, 1 or more, or \`all\`. (default: ${TABLE_ROWS} in a table, else all)`,
  ).argParser(limit)

/** Returns how many records a list command prints at most, or infinity if it prints all. */
export const recordLimit = (command: Command): number =>
  command.opts<{ limit?: number }>().limit ??
  (formatOf(command) === 'table' ? TABLE_ROWS : Number.POSITIVE_INFINITY)

/** What was printed of a list. */
export interface Printed<Result> {
  readonly records: number
  /** The page that was read last. */
  readonly lastPage: Result | undefined
}

/**
 * Prints a list page by page. A table has one head for all pages, and a note on stderr says how many records there are.
 */
export async function printList<
  Row,
  Result extends Page<Row>,
  Arguments extends { readonly first?: number | null | undefined },
>(
  cli: Cli,
  command: Command,
  columns: readonly Column<Row>[],
  list: List<Arguments, Result>,
  args: Arguments,
): Promise<Printed<Result>> {
  const format = formatOf(command)
  const wanted = recordLimit(command)
  const printer = printers[format](cli, columns, tableViewOf(cli, command))
  const { terminal } = cli
  let printed = 0
  let totalCount = 0
  let lastPage: Result | undefined
  const { signal } = cli
  let isWaiting = false
  const onWait = ({ message, code }: AffinityqlError) => {
    if (!isWaiting)
      terminal.note(`affinityql: ${message} (${code}) The list goes on when there is an answer …`)
    isWaiting = true
  }
  // One page is fetched by a single call: `pages` would prefetch the next page for nothing.
  const pages =
    wanted <= LARGEST_PAGE
      ? [await list({ ...args, first: wanted }, { signal })]
      : list.pages(args, { signal, onWait, ...(Number.isFinite(wanted) && { limit: wanted }) })
  for await (const page of pages) {
    lastPage = page
    isWaiting = false
    totalCount = page.totalCount
    const rows = page.nodes.slice(0, wanted - printed)
    await printer.rows(rows)
    printed += rows.length
    if (printed >= wanted) break
    if (!terminal.isOutputTerminal && page.pageInfo.hasNextPage) {
      terminal.progress(`Printed ${count(printed)} of ${count(Math.min(totalCount, wanted))} records …`)
    }
  }
  terminal.progress('')
  await printer.end(printed, totalCount)
  return { records: printed, lastPage }
}

interface Printer<Row> {
  rows(rows: readonly Row[]): Promise<void>
  end(printed: number, totalCount: number): Promise<void>
}

const printers = {
  ndjson: <Row>({ terminal }: Cli): Printer<Row> => ({
    async rows(rows) {
      for (const text of inChunks(rows, () => plain``, plain`\n`)) await terminal.write(text)
    },
    end: () => done,
  }),

  json: <Row>({ terminal }: Cli): Printer<Row> => {
    let separator = plain`[\n`
    return {
      async rows(rows) {
        const before = () => {
          const text = separator
          separator = plain`,\n`
          return text
        }
        for (const text of inChunks(rows, before, plain``)) await terminal.write(text)
      },
      end: () => terminal.write(separator === '[\n' ? plain`[]\n` : plain`\n]\n`),
    }
  },

  table: <Row>({ terminal }: Cli, columns: readonly Column<Row>[], view: TableView): Printer<Row> => {
    // Each page of up to 1,000 rows has its own column widths, because later pages are not known yet.
    let isFirst = true
    let shown: readonly Column<Row>[] | undefined
    return {
      async rows(rows) {
        if (rows.length === 0) return
        // One head is for all pages, so the first page decides which columns there are.
        shown ??= shownColumns(columns, rows, view)
        const text = table(shown, rows, terminal, view)
        await terminal.write(isFirst ? text : withoutHead(text))
        isFirst = false
      },
      async end(printed, totalCount) {
        const total = counted(totalCount, 'record', 'records')
        if (printed < totalCount) terminal.note(`Printed ${count(printed)} of ${total}; --limit prints more.`)
        else
          terminal.note(
            totalCount === 0 ? 'No records were found.' : `Printed all records: ${count(totalCount)}.`,
          )
      },
    }
  },
}

const done = Promise.resolve()

/** Characters of one write. A text as long as a page, a megabyte, costs more to make than all its records do. */
const CHUNK = 32_768

/** Returns records as JSON in few texts, none of which is much longer than a chunk. */
function* inChunks<Row>(
  rows: readonly Row[],
  before: () => Printable,
  after: Printable,
): Generator<Printable, void, undefined> {
  let chunk = plain``
  for (const row of rows) {
    chunk = concat(chunk, before(), json(row), after)
    if (chunk.length < CHUNK) continue
    yield chunk
    chunk = plain``
  }
  if (chunk !== '') yield chunk
}

/** Prints a value as JSON on one line. It takes no second argument, so that `map(json)` cannot pass the index. */
export const json = (value: unknown): Printable => toJson(value)

export const indentedJson = (value: unknown): Printable => toJson(value, 2)

/** Prints one answer that is not a list, as JSON or as text for a person. */
export async function printOne(
  cli: Cli,
  command: Command,
  value: unknown,
  text: () => Printable,
): Promise<void> {
  const format = formatOf(command)
  if (format === 'table') await cli.terminal.write(text())
  else await cli.terminal.write(plain`${format === 'json' ? indentedJson(value) : json(value)}\n`)
}
