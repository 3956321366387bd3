/** Ticks are this far apart, times a power of ten. */
const INTEGER_STEPS = [1, 2, 5, 10, 20] as const
const GAPS = 4

/**
 * Returns round whole numbers as the ticks of a count axis: four gaps or fewer, around all values.
 * @param base a number that the axis must reach, as 0 if lengths are compared
 */
export function integerTicks(values: readonly number[], base?: number): readonly number[] {
  const all = base === undefined ? values : [...values, base]
  const [least, most] = [Math.min(...all), Math.max(...all)]
  if (!Number.isFinite(least)) return [0, 1]
  // A constant value lies in the middle of the axis.
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

/** Time ticks are this many seconds apart. No step is so much longer than the one before that only one tick would fit. */
const SECOND_STEPS = [
  1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 600, 900, 1_200, 1_800, 3_600, 5_400, 7_200,
  10_800, 14_400,
] as const

/** Returns round times as the ticks of a time axis, at least `shortest` seconds apart. */
export function timeTicks(from: number, to: number, shortest: number): number[] {
  const step = SECOND_STEPS.find((seconds) => seconds >= shortest) ?? Math.ceil(shortest / 3_600) * 3_600
  const first = Math.ceil(from / step)
  const count = Math.max(Math.floor(to / step) - first + 1, 0)
  return Array.from({ length: count }, (_, index) => (first + index) * step)
}

/** Returns the indexes of values between two gaps: no line leads to them, so they are drawn as points. */
export const alone = (values: readonly (number | null | undefined)[]): number[] =>
  values.flatMap((value, index) =>
    value != null && values[index - 1] == null && values[index + 1] == null ? [index] : [],
  )
