import type { en } from './en.js'

/** The keys of the English catalogue with any text. A language without a singular leaves the `_one` forms out. */
export type Catalogue = Shape<typeof en>

type Shape<T> = {
  readonly [K in keyof T as K extends `${string}_one` ? never : K]: T[K] extends string ? string : Shape<T[K]>
}
