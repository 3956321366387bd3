/** Whole numbers are this far apart, times a power of ten. */
const INTEGER_STEPS = [1, 2, 5, 10, 20] as const
const GAPS = 4

/**
 * Whole numbers for an axis of counts, at even distances and round: four gaps or fewer, around all of the values.
 * @param base a number that the axis must reach, as 0 where lengths are compared
 */
export function integerTicks(values: readonly number[], base?: number): readonly number[] {
  const all = base === undefined ? values : [...values, base]
  const [least, most] = [Math.min(...all), Math.max(...all)]
  if (!Number.isFinite(least)) return [0, 1]
  // A level line lies in the middle.
  if (least === most && least >= 1 && Number.isInteger(least)) return [least - 1, least, least + 1]
  const wanted = Math.max((most - least) / GAPS, 1)
  const power = 10 ** Math.floor(Math.log10(wanted))
  for (const step of INTEGER_STEPS.map((factor) => factor * power)) {
    const from = Math.floor(least / step)
    const to = Math.max(Math.ceil(most / step), from + 1)
    if (to - from <= GAPS) return Array.from({ length: to - from + 1 }, (_, index) => (from + index) * step)
  }
  return [least, most]
}

/** Steps between ticks, in seconds: none is so much longer than the one before that a single tick would be left. */
const SECOND_STEPS = [1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300] as const

/** Times for an axis from one second to another, at even distances and round; `shortest` seconds at least between two. */
export function timeTicks(from: number, to: number, shortest: number): number[] {
  const step = SECOND_STEPS.find((seconds) => seconds >= shortest) ?? Math.ceil(shortest / 300) * 300
  const first = Math.ceil(from / step)
  const count = Math.max(Math.floor(to / step) - first + 1, 0)
  return Array.from({ length: count }, (_, index) => (first + index) * step)
}

/** Where a value stands between two gaps: no line leads to it, so that it must be drawn as a point. */
export const alone = (values: readonly (number | null | undefined)[]): number[] =>
  values.flatMap((value, index) =>
    value != null && values[index - 1] == null && values[index + 1] == null ? [index] : [],
  )
