import { type Command, Option } from 'commander'
import type { AffinityList, AffinityqlError, List, Page } from '../client/index.js'
import { type Cli, formatOf, limit, tableViewOf } from './command.js'
import { type Column, count, counted, shownColumns, type TableView, table, withoutHead } from './format.js'
import { type Printable, plain, toJson } from './terminal.js'

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
  /** The page that was read last; undefined if the records came as JSON. */
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
  list: List<Arguments, Result> | AffinityList<Arguments, Result>,
  args: Arguments,
): Promise<Printed<Result>> {
  const format = formatOf(command)
  const wanted = recordLimit(command)
  const { signal } = cli
  const { onWait, onAnswer } = waitingNotes(cli)
  const options = { signal, onWait, ...(Number.isFinite(wanted) && { limit: wanted }) }
  if (format !== 'table' && wanted > LARGEST_PAGE && 'jsonPages' in list) {
    const pages = list.jsonPages(args, options)
    const { records } = await printPages(cli, wanted, pages, printers[format](cli), onAnswer)
    return { records, lastPage: undefined }
  }
  // One page is fetched by a single call: `pages` would prefetch the next page for nothing.
  const pages =
    wanted <= LARGEST_PAGE ? [await list({ ...args, first: wanted }, { signal })] : list.pages(args, options)
  const printer =
    format === 'table'
      ? tablePrinter(cli, columns, tableViewOf(cli, command))
      : asJson<Row>(printers[format](cli))
  return printPages(cli, wanted, pages, printer, onAnswer)
}

/** Says once in each outage that a list waits for an answer. */
function waitingNotes({ terminal }: Cli) {
  let isTold = false
  return {
    onWait({ message, code }: AffinityqlError) {
      if (!isTold)
        terminal.note(`affinityql: ${message} (${code}) The list goes on when there is an answer …`)
      isTold = true
    },
    onAnswer() {
      isTold = false
    },
  }
}

async function printPages<Row, Result extends Page<Row>>(
  { terminal }: Cli,
  wanted: number,
  pages: AsyncIterable<Result> | Iterable<Result>,
  printer: Printer<Row>,
  onAnswer: () => void,
): Promise<Printed<Result>> {
  let printed = 0
  let totalCount = 0
  let lastPage: Result | undefined
  for await (const page of pages) {
    onAnswer()
    lastPage = page
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

/** Printers of records that are JSON on one line already, in UTF-8. */
const printers = {
  ndjson: ({ terminal }: Cli): Printer<Uint8Array> => ({
    rows: (records) => terminal.writeJson(records.flatMap((record) => [record, LINE_BREAK])),
    end: () => done,
  }),

  json: ({ terminal }: Cli): Printer<Uint8Array> => {
    let separator = BEGINNING
    return {
      async rows(records) {
        const pieces = records.flatMap((record) => [SEPARATOR, record])
        if (pieces.length > 0) await terminal.writeJson([separator, ...pieces.slice(1)])
        if (pieces.length > 0) separator = SEPARATOR
      },
      end: () => terminal.write(separator === BEGINNING ? plain`[]\n` : plain`\n]\n`),
    }
  },
}

const LINE_BREAK = Buffer.from('\n')
const BEGINNING = Buffer.from('[\n')
const SEPARATOR = Buffer.from(',\n')

const asJson = <Row>({ rows, end }: Printer<Uint8Array>): Printer<Row> => ({
  rows: (records) => rows(records.map((record) => Buffer.from(JSON.stringify(record)))),
  end,
})

function tablePrinter<Row>(
  { terminal }: Cli,
  columns: readonly Column<Row>[],
  view: TableView,
): Printer<Row> {
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
}

const done = Promise.resolve()

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
