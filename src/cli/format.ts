import Table from 'cli-table3'
import { fittedWidths, GAP, withoutTooMany } from './fit.js'
import { join, type Printable, plain, printable, type Terminal } from './terminal.js'

/** A cell has at most this number of terminal columns. Wider cells are cut, so that no row of names wraps. */
const WIDEST_CELL = 40
/** These characters take two columns. The list is exact enough to cut cells; cli-table3 aligns them. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u

/** A value of a record. The server may send any other in its place. */
export type Value = string | number | boolean | null | undefined

export const cell = (value: Value): Printable => cut(inWords(value), WIDEST_CELL)

function inWords(value: Value): Printable {
  if (value === null || value === undefined || value === '') return plain`-`
  if (typeof value === 'boolean') return value ? plain`yes` : plain`no`
  return printable(value)
}

const widthOf = (text: string): number => {
  let columns = 0
  for (const character of text) columns += WIDE.test(character) ? 2 : 1
  return columns
}

/** Cuts a text that is wider than so many terminal columns. */
export function cut(text: Printable, widest: number): Printable {
  let columns = 0
  let kept = ''
  for (const character of text) {
    columns += WIDE.test(character) ? 2 : 1
    if (columns > widest) return printable(`${kept}…`)
    // The last column stays free for an ellipsis.
    if (columns < widest) kept += character
  }
  return text
}

const NO_LINES = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
  ].map((name) => [name, '']),
)

export interface Column<Row> {
  readonly title: string
  readonly value: (row: Row) => Value
  readonly align?: 'right'
  /** Leaves the column out if no row has a value in it. */
  readonly optional?: true
  /** Shows the whole value, however long. Only the last column can: nothing beside it moves. */
  readonly whole?: true
  /** Such as an id beside its name: shown with `--wide` alone. */
  readonly wide?: true
  /** @see Fittable.rank */
  readonly rank?: number
}

/** How a table is shown. */
export interface TableView {
  /** Shows ids and whole values, however wide that is. */
  readonly wide: boolean
  /** The table fits in so many terminal columns; undefined: it is as wide as its cells. */
  readonly fits: number | undefined
}

/**
 * Chooses the columns of a table. It leaves out ids unless they are asked for, optional columns in which no row has a value,
 * and what does not fit.
 */
export function shownColumns<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { wide, fits }: TableView,
): readonly Column<Row>[] {
  const shown = columns
    .filter((column) => wide || !column.wide)
    .filter(({ optional, value }) => !optional || rows.some((row) => value(row) != null))
  if (wide || fits === undefined) return shown
  return withoutTooMany(measured(shown, rows), fits)
}

const measured = <Row>(columns: readonly Column<Row>[], rows: readonly Row[]) =>
  columns.map((column) => {
    const cells = rows.map((row) => widthOf(inWords(column.value(row))))
    const widest = cells.reduce((most, width) => Math.max(most, width), widthOf(column.title))
    return { ...column, widest: column.whole ? widest : Math.min(widest, WIDEST_CELL) }
  })

function widthsOf<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { wide, fits }: TableView,
): readonly number[] {
  if (!wide && fits !== undefined) return fittedWidths(measured(columns, rows), fits)
  return columns.map(({ whole }) => (wide || whole ? Number.POSITIVE_INFINITY : WIDEST_CELL))
}

/** Makes a table without lines, so that `cut` and `grep` can read it. Its first line is its head. */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  terminal: Pick<Terminal, 'style'>,
  view: TableView,
): Printable {
  const widths = widthsOf(columns, rows, view)
  const shown = (text: Printable, index: number) => cut(text, widths[index] ?? WIDEST_CELL)
  const made = new Table({
    head: columns.map(({ title }, index) => terminal.style('bold', shown(printable(title), index))),
    colAligns: columns.map(({ align }) => align ?? 'left'),
    chars: { ...NO_LINES, middle: ' '.repeat(GAP) },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  for (const row of rows) {
    made.push(columns.map(({ value }, index) => shown(inWords(value(row)), index)))
  }
  const lines = made.toString().split('\n')
  // Cells are printable, and the table adds spaces and line breaks alone.
  return join(lines.map((line) => plain`${line.trimEnd() as Printable}\n`))
}

/** Makes the table of a preview. It goes to stderr and has no colours, because `terminal.style` decides by stdout. */
export const preview = <Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  view: TableView,
): Printable => table(shownColumns(columns, rows, view), rows, { style: (_style, text) => text }, view)

/** Returns the lines of a table without its head. */
export const withoutHead = (text: Printable): Printable => text.slice(text.indexOf('\n') + 1) as Printable

/** Prints names and values, one pair on each line. */
export function properties(
  entries: readonly (readonly [name: string, value: Value])[],
  terminal: Terminal,
): Printable {
  const width = Math.max(...entries.map(([name]) => name.length))
  return join(
    entries.map(
      ([name, value]) => plain`${terminal.style('dim', printable(name.padEnd(width)))}  ${inWords(value)}\n`,
    ),
  )
}

/** Writes a count with separators: `1,234`; null if it is not known. */
export function count(value: number): string
export function count(value: number | null): string | null
export function count(value: number | null): string | null {
  return value === null ? null : value.toLocaleString('en')
}

/** Writes a number with its noun: `1 affinity`, `2 affinities`. */
export const counted = (value: number, one: string, many: string): string =>
  `${count(value)} ${value === 1 ? one : many}`

/** Writes seconds with their units: `42 s`, `4 m 12 s`, `1 h 50 m`. */
export function duration(seconds: number | null): string | null {
  if (seconds === null) return null
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} m ${seconds % 60} s`
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} m`
}

/** Writes a time of the server as `2026-11-22 23:05:52`. The column's title says that it is in UTC. */
export const utc = (iso: string): string => iso.slice(0, 19).replace('T', ' ')

export const percent = (share: number | null): string | null =>
  share === null ? null : `${(share * 100).toFixed(1)} %`

/** Writes an amount as `$12.40`, and a small one with more digits; null if it is not known. */
export function dollars(value: number | null): string | null {
  if (value === null) return null
  const digits = value !== 0 && Math.abs(value) < 1 ? 4 : 2
  const amount = Math.abs(value).toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
  return `${value < 0 ? '-' : ''}$${amount}`
}
