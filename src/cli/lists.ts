import { type Command, Option } from 'commander'
import type { List, Page } from '../client/index.js'
import { type Cli, formatOf, limit } from './command.js'
import { type Column, count, table } from './format.js'

const TABLE_ROWS = 100
const LARGEST_PAGE = 1_000

export const limitOption = (): Option =>
  new Option(
    '--limit <records>',
    `records to print, or all (default: ${TABLE_ROWS} in a table, else all)`,
  ).argParser(limit)

/** How many records a list command prints at most; infinite where it prints all. */
export const wantedRecords = (command: Command): number =>
  command.opts<{ limit?: number }>().limit ??
  (formatOf(command) === 'table' ? TABLE_ROWS : Number.POSITIVE_INFINITY)

/**
 * Prints a list, page by page, as the client gives it. A table is one page after the other under one head; only a
 * terminal's reader is told how many there are in all. Returns how many were printed.
 */
export async function printList<Row, Arguments extends { readonly first?: number | null | undefined }>(
  cli: Cli,
  command: Command,
  columns: readonly Column<Row>[],
  list: List<Arguments, Page<Row>>,
  args: Arguments,
): Promise<number> {
  const format = formatOf(command)
  const wanted = wantedRecords(command)
  const printer = printers[format](cli, columns)
  const { terminal } = cli
  let printed = 0
  let totalCount = 0
  const { signal } = cli
  // What one page holds is asked for alone: `pages` would fetch the next one meanwhile.
  const pages =
    wanted <= LARGEST_PAGE
      ? [await list({ ...args, first: wanted }, { signal })]
      : list.pages(args, { signal })
  for await (const page of pages) {
    totalCount = page.totalCount
    const rows = page.nodes.slice(0, wanted - printed)
    await printer.rows(rows)
    printed += rows.length
    if (printed >= wanted) break
    if (!terminal.isOutputTerminal && page.pageInfo.hasNextPage) {
      terminal.progress(`${count(printed)} of ${count(Math.min(totalCount, wanted))}`)
    }
  }
  terminal.progress('')
  await printer.end(printed, totalCount)
  return printed
}

interface Printer<Row> {
  rows(rows: readonly Row[]): Promise<void>
  end(printed: number, totalCount: number): Promise<void>
}

const printers = {
  ndjson: <Row>({ terminal }: Cli): Printer<Row> => ({
    rows: (rows) => (rows.length > 0 ? terminal.write(rows.map((row) => `${json(row)}\n`).join('')) : done),
    end: () => done,
  }),

  json: <Row>({ terminal }: Cli): Printer<Row> => {
    let separator = '[\n'
    return {
      async rows(rows) {
        if (rows.length === 0) return
        await terminal.write(separator + rows.map(json).join(',\n'))
        separator = ',\n'
      },
      end: () => terminal.write(separator === '[\n' ? '[]\n' : '\n]\n'),
    }
  },

  table: <Row>({ terminal }: Cli, columns: readonly Column<Row>[]): Printer<Row> => {
    // Each page of up to 1,000 rows has columns of its own widths, as later pages are not there yet.
    let isFirst = true
    return {
      async rows(rows) {
        if (rows.length === 0) return
        const text = table(columns, rows, terminal)
        await terminal.write(isFirst ? text : text.slice(text.indexOf('\n') + 1))
        isFirst = false
      },
      async end(printed, totalCount) {
        if (printed < totalCount)
          terminal.note(`${count(printed)} of ${count(totalCount)}; --limit shows more.`)
        else terminal.note(totalCount === 0 ? 'None.' : `${count(totalCount)} in all.`)
      },
    }
  },
}

const done = Promise.resolve()

/** JSON on one line. It takes nothing but the value, so that `map(json)` does what it says. */
export const json = (value: unknown): string => harmless(JSON.stringify(value))

export const indentedJson = (value: unknown): string => harmless(JSON.stringify(value, null, 2))

/** C1 control characters are valid in JSON, and commands to some terminals. */
const harmless = (text: string): string =>
  text.replace(/[\u007f-\u009f]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`)

/** One answer that is no list: JSON as it is, or what a person reads. */
export async function printOne(
  cli: Cli,
  command: Command,
  value: unknown,
  text: () => string,
): Promise<void> {
  const format = formatOf(command)
  if (format === 'table') await cli.terminal.write(text())
  else await cli.terminal.write(`${format === 'json' ? indentedJson(value) : json(value)}\n`)
}
