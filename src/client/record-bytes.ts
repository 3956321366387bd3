/** This module takes the records out of a page's bytes as they stand there: to parse and to write them again takes as long as all the rest. */

const decoder = new TextDecoder()
const encoder = new TextEncoder()

const RECORDS = encoder.encode('"nodes":[')
/** The end of a page whose records come last, and of an answer without errors. */
const END = /\]\}\}(?:\}|,"extensions":\{[^[\]]*\}\})$/
/** Bytes at the end of an answer that hold no record: its `extensions`. */
const LONGEST_END = 2_000

const SPACE = 0x20
const COMMA = 0x2c
const CLOSING_BRACE = 0x7d

/** Reads an answer with one list. Its `nodes` are the JSON of the records in UTF-8, each on one line. */
export function answerWithBytes(bytes: Uint8Array): unknown {
  return (
    asTheyStand(bytes) ??
    JSON.parse(decoder.decode(bytes), (name, value) => (isRecords(name, value) ? value.map(written) : value))
  )
}

const isRecords = (name: string, value: unknown): value is readonly unknown[] =>
  name === 'nodes' && Array.isArray(value)

export const written = (record: unknown): Uint8Array => encoder.encode(JSON.stringify(record))

/** Returns undefined for an answer that is not written as the service does it. */
function asTheyStand(bytes: Uint8Array): unknown {
  const start = endOf(RECORDS, bytes, 0)
  const ending = END.exec(decoder.decode(bytes.subarray(-LONGEST_END)))
  if (start === undefined || !ending) return undefined
  const end = bytes.length - encoder.encode(ending[0]).length
  const records = end > start ? recordsIn(bytes.subarray(start, end)) : []
  if (!records) return undefined
  const answer: unknown = JSON.parse(
    decoder.decode(bytes.subarray(0, start)) + decoder.decode(bytes.subarray(end)),
  )
  const page = pageOf(answer)
  if (!page) return undefined
  page['nodes'] = records
  return answer
}

/** Returns the place behind the first occurrence of some bytes. */
export function endOf(sought: Uint8Array, bytes: Uint8Array, from: number): number | undefined {
  for (let at = bytes.indexOf(sought[0] ?? 0, from); at >= 0; at = bytes.indexOf(sought[0] ?? 0, at + 1))
    if (isAt(bytes, at, sought)) return at + sought.length
  return undefined
}

function isAt(bytes: Uint8Array, at: number, sought: Uint8Array): boolean {
  for (let index = 0; index < sought.length; index++) if (bytes[at + index] !== sought[index]) return false
  return true
}

/**
 * Cuts records apart, each of which begins with the name of the same field. No text inside of a record can look like the
 * place between two of them: JSON writes a quotation mark with a backslash before it there. Returns undefined if there is a line
 * break between two tokens; within texts JSON has none.
 */
function recordsIn(list: Uint8Array): Uint8Array[] | undefined {
  const beginning = /^\{"\w+":/.exec(decoder.decode(list.subarray(0, LONGEST_END)))?.[0]
  if (beginning === undefined) return undefined
  const next = encoder.encode(beginning)
  const records: Uint8Array[] = []
  let from = 0
  for (let at = 0; at < list.length; at++) {
    const byte = list[at] as number
    if (byte === CLOSING_BRACE) {
      if (list[at + 1] !== COMMA || !isAt(list, at + 2, next)) continue
      records.push(list.subarray(from, at + 1))
      from = at + 2
    } else if (byte < SPACE) return undefined
  }
  records.push(list.subarray(from))
  return records
}

/** Returns the only field of the answer's data. */
function pageOf(answer: unknown): Record<string, unknown> | undefined {
  const [page] = Object.values(Object(Object(answer).data)) as unknown[]
  return typeof page === 'object' && page !== null ? (page as Record<string, unknown>) : undefined
}
