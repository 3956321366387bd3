/** Fits the columns of a table into a terminal. */

/** Spaces between two columns. */
export const GAP = 2
/** A text that is cut to less than this says nothing any more. */
const NARROW = 8
/** One character and an ellipsis. */
const NARROWEST = 2

export interface Fittable {
  /** The widest cell of the column takes so many terminal columns. */
  readonly widest: number
  readonly align?: 'right'
  /** A table that does not fit leaves the column of the highest rank out first, and one without a rank never. */
  readonly rank?: number
}

/** Leaves out columns, those of the highest rank first, until each text that is left can have eight terminal columns. */
export function withoutTooMany<Column extends Fittable>(columns: readonly Column[], fits: number): Column[] {
  const left = [...columns]
  while (total(left.map(leastOf)) > fits) {
    const rank = Math.max(...left.map((column) => column.rank ?? 0))
    if (rank === 0) break
    left.splice(
      left.findIndex((column) => column.rank === rank),
      1,
    )
  }
  return left
}

/** Returns how wide each column may be: the widest are narrowed, texts before numbers, until all fit. */
export const fittedWidths = (columns: readonly Fittable[], fits: number): number[] =>
  narrowed(
    narrowed(
      columns.map(({ widest }) => widest),
      columns.map(leastOf),
      fits,
    ),
    columns.map(() => NARROWEST),
    fits,
  )

const total = (widths: readonly number[]): number =>
  widths.reduce((sum, width) => sum + width, GAP * Math.max(0, widths.length - 1))

/** A number is cut only after all texts are: a part of it is another number. */
const leastOf = ({ widest, align }: Fittable): number =>
  align === 'right' ? widest : Math.min(widest, NARROW)

/** Takes one column after another from the widest that is above its floor. */
function narrowed(wished: readonly number[], floors: readonly number[], fits: number): number[] {
  const widths = [...wished]
  while (total(widths) > fits) {
    let widest = -1
    for (const [index, width] of widths.entries()) {
      if (width > (floors[index] ?? 0) && width > (widths[widest] ?? 0)) widest = index
    }
    if (widest < 0) break
    widths[widest] = (widths[widest] ?? 0) - 1
  }
  return widths
}
