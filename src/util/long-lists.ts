import { JsonBytes } from './json-bytes.js'

/** Elements from which on a list is written piece by piece. A shorter one makes no long text, or is not worth it. */
const LONG_LIST = 16

const isRecord = (value: unknown): value is object => typeof value === 'object' && value !== null

const isLongList = (value: unknown): boolean =>
  Array.isArray(value) && value.length >= LONG_LIST && isRecord(value[0])

/** Whether JSON takes the object's own fields one by one: nothing else decides what its text is. */
function isPlain(value: object): value is Readonly<Record<string, unknown>> {
  const prototype: unknown = Object.getPrototypeOf(value)
  return (
    (prototype === null || prototype === Object.prototype) &&
    !('toJSON' in value && typeof value.toJSON === 'function')
  )
}

function holdsLongList(value: unknown): boolean {
  if (!isRecord(value)) return false
  if (Array.isArray(value)) return isLongList(value) || value.some(holdsLongList)
  return isPlain(value) && Object.values(value).some(holdsLongList)
}

/** Writes a value that holds a long list. */
function writeHolder(value: object, to: JsonBytes): void {
  if (Array.isArray(value)) {
    const isLong = isLongList(value)
    // JSON has no text for some values, such as functions: they are null in a list, and no field of an object.
    to.list(value, (item) => {
      if (!isLong && isRecord(item) && holdsLongList(item)) writeHolder(item, to)
      else to.json(JSON.stringify(item) ?? 'null')
    })
  } else if (isPlain(value)) {
    to.fields(value, (_name, field) => {
      if (isRecord(field) && holdsLongList(field)) writeHolder(field, to)
      else to.json(JSON.stringify(field) ?? '')
    })
  }
}

/**
 * Writes a value as `JSON.stringify` does, in UTF-8 if it holds a long list. V8 makes a long text of thousands of pieces, and
 * has to put them together before anything can be done with it, with two bytes for each character if a single one of them is beyond
 * Latin-1, such as those of a Chinese name: for a page of 100 affinities that takes four times as long as to make the
 * pieces. Here each element of the list is encoded by itself.
 * @returns the text of a value without a long list; undefined if JSON has no text for it
 */
export function jsonOfLongLists(value: unknown): Buffer | string | undefined {
  if (!isRecord(value) || !holdsLongList(value)) return JSON.stringify(value)
  const to = new JsonBytes()
  writeHolder(value, to)
  return to.whole()
}
