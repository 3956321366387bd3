/** Where a value stands between two gaps: no line leads to it, so that it must be drawn as a point. */
export const alone = (values: readonly (number | null | undefined)[]): number[] =>
  values.flatMap((value, index) =>
    value != null && values[index - 1] == null && values[index + 1] == null ? [index] : [],
  )
