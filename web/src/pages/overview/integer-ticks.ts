/** Steps between ticks, of each power of ten. */
const STEPS = [1, 2, 5, 10, 20] as const
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
  for (const step of STEPS.map((factor) => factor * power)) {
    const from = Math.floor(least / step)
    const to = Math.max(Math.ceil(most / step), from + 1)
    if (to - from <= GAPS) return Array.from({ length: to - from + 1 }, (_, index) => (from + index) * step)
  }
  return [least, most]
}
