import Table from 'cli-table3'
import { printable } from './printable.js'
import type { Terminal } from './terminal.js'

/** Columns of the terminal. Wider cells are cut: a page of names must not wrap. */
const WIDEST_CELL = 40
/** Characters that take two columns; near enough to cut by. Aligning is the table's work. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u

export function cell(value: string | number | boolean | null | undefined): string {
  if (value === null || value === undefined || value === '') return '-'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return cut(printable(String(value)))
}

function cut(text: string): string {
  let columns = 0
  let kept = ''
  for (const character of text) {
    columns += WIDE.test(character) ? 2 : 1
    if (columns > WIDEST_CELL) return `${kept}…`
    // The last column is for the ellipsis, should one be needed.
    if (columns < WIDEST_CELL) kept += character
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
  readonly of: (row: Row) => string | number | boolean | null | undefined
  readonly align?: 'right'
}

/** A table without lines, so that it can be cut and grepped. */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  terminal: Pick<Terminal, 'style'>,
): string {
  const made = new Table({
    head: columns.map(({ title }) => terminal.style('bold', title)),
    colAligns: columns.map(({ align }) => align ?? 'left'),
    chars: { ...NO_LINES, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  for (const row of rows) made.push(columns.map((column) => cell(column.of(row))))
  return `${made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')}\n`
}

/** Names and values, one a line. */
export function facts(
  entries: readonly (readonly [name: string, value: string | number | boolean | null | undefined])[],
  terminal: Terminal,
): string {
  const width = Math.max(...entries.map(([name]) => name.length))
  return entries
    .map(([name, value]) => `${terminal.style('dim', name.padEnd(width))}  ${printableValue(value)}\n`)
    .join('')
}

const printableValue = (value: Parameters<typeof cell>[0]): string =>
  typeof value === 'string' && value !== '' ? printable(value) : cell(value)

export const count = (value: number): string => value.toLocaleString('en')

/** `1 affinity`, `2 affinities`. */
export const counted = (value: number, one: string, many: string): string =>
  `${count(value)} ${value === 1 ? one : many}`

/** `42 s`, `4 m 12 s`, `1 h 50 m`. */
export function duration(seconds: number | null): string | null {
  if (seconds === null) return null
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} m ${seconds % 60} s`
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} m`
}

/** `2026-11-22 23:05:52` of a date as the server sends it; the column's title says that it is in UTC. */
export const utc = (iso: string): string => iso.slice(0, 19).replace('T', ' ')

export const percent = (share: number | null): string | null =>
  share === null ? null : `${(share * 100).toFixed(1)} %`
