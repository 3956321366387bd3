import { entriesOf } from '../fields.js'

/*
 * What Aether makes of its JSON columns: lists of what is allowed, and objects of truths.
 */

/** The texts of a JSON list. Python takes an object for the list of its keys, and a text for one of its letters. */
export function textsOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.filter((one) => typeof one === 'string')
  if (typeof value === 'string') return [...value]
  return entriesOf(value)?.map(([key]) => key) ?? []
}

const isUnset = (value: unknown): boolean => value === null || value === undefined

/** The texts of a list that sets no limit while it is unset. */
export const limitOf = (value: unknown): readonly string[] | undefined =>
  isUnset(value) ? undefined : textsOf(value)

/** The texts of a list that sets no limit while it is unset or empty. */
export function limitUnlessEmpty(value: unknown): readonly string[] | undefined {
  const texts = textsOf(value)
  return texts.length === 0 ? undefined : texts
}

/** What both lists allow: what is literally in both. */
export const common = (
  a: readonly string[] | undefined,
  b: readonly string[] | undefined,
): readonly string[] | undefined => (a && b ? a.filter((one) => b.includes(one)) : (a ?? b))

/** A truth within a JSON object; undefined if the object has it not. */
export function truthIn(value: unknown, name: string): boolean | undefined {
  const found = entriesOf(value)?.find(([key]) => key === name)?.[1]
  return isUnset(found) ? undefined : found === true
}

/** A value within a JSON object. */
export const valueIn = (value: unknown, name: string): unknown =>
  entriesOf(value)?.find(([key]) => key === name)?.[1]
