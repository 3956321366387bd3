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
  if (Array.isArray(value)) writeElements(value, to)
  else if (isPlain(value)) writeFields(value, to)
}

function writeElements(list: readonly unknown[], to: JsonBytes): void {
  const isLong = isLongList(list)
  to.ascii('[')
  // A list may have holes, which `forEach` would leave out.
  for (const [index, element] of list.entries()) {
    if (index > 0) to.ascii(',')
    if (!isLong && isRecord(element) && holdsLongList(element)) writeHolder(element, to)
    // JSON has no text for some values, such as functions: they are null in a list, and no field of an object.
    else to.json(JSON.stringify(element) ?? 'null')
  }
  to.ascii(']')
}

function writeFields(fields: Readonly<Record<string, unknown>>, to: JsonBytes): void {
  let before = '{'
  for (const [name, value] of Object.entries(fields)) {
    const isHolder = isRecord(value) && holdsLongList(value)
    const text = isHolder ? '' : JSON.stringify(value)
    if (text === undefined) continue
    to.json(`${before}${JSON.stringify(name)}:`)
    if (isHolder) writeHolder(value, to)
    else to.json(text)
    before = ','
  }
  to.ascii(before === '{' ? '{}' : '}')
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
