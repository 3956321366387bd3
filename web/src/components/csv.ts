import { fetchPart } from '../app/part.js'

/** A line's values by the names of their columns. */
export type CsvCells = Readonly<Record<string, string | number | boolean | null>>

/** Fetches what writes the values of one line. A value that a spreadsheet would run as a formula is escaped. */
export async function csvWriter(): Promise<(cells: CsvCells) => string> {
  const { unparse } = await fetchPart(() => import('papaparse'))
  return (cells) => unparse([cells], { header: false, escapeFormulae: true })
}

export function csvFile(lines: readonly string[]): Blob {
  // Excel reads a file without the byte order mark in the local code page.
  return new Blob(['\ufeff', lines.join('\r\n')], { type: 'text/csv;charset=utf-8' })
}

/** Saves a table as `name-TIME.csv`. */
export async function downloadTable(name: string, rows: readonly CsvCells[]): Promise<void> {
  const lineOf = await csvWriter()
  download(csvFile([Object.keys(rows[0] ?? {}).join(','), ...rows.map(lineOf)]), name)
}

/** Saves a file as `name-TIME.csv`. */
export function download(blob: Blob, name: string): void {
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '')
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = `${name}-${time}Z.csv`
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
