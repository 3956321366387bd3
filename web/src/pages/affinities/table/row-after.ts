/**
 * Returns the row that a key leads to; null if it is no such key.
 * @param here the row that has the focus or, if none has it (`onRow`), the row that Tab leads to
 */
export function rowAfter(key: string, here: number, onRow: boolean, last: number): number | null {
  const within = (row: number) => Math.min(Math.max(row, 0), last)
  switch (key) {
    case 'j':
    case 'ArrowDown':
      // The first press goes to where the reader is, not past it.
      return within(onRow ? here + 1 : here)
    case 'k':
    case 'ArrowUp':
      return within(onRow ? here - 1 : here)
    // Without a row these scroll, as they do everywhere.
    case 'Home':
      return onRow ? 0 : null
    case 'End':
      return onRow ? last : null
    default:
      return null
  }
}
