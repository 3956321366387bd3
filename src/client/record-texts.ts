/** This module takes the records out of a page's text as they stand there: to parse and to write them again takes as long as all the rest. */

const RECORDS = '"nodes":['
/** The end of a page whose records come last, and of an answer without errors. */
const END = /\]\}\}(?:\}|,"extensions":\{[^[\]]*\}\})$/
/** Characters at the end of an answer that hold no record: its `extensions`. */
const LONGEST_END = 2_000

/** Reads an answer with one list. Its `nodes` are the JSON texts of the records, each on one line. */
export function answerWithTexts(text: string): unknown {
  return (
    asTheyStand(text) ??
    JSON.parse(text, (name, value) => (isRecords(name, value) ? value.map(written) : value))
  )
}

const isRecords = (name: string, value: unknown): value is readonly unknown[] =>
  name === 'nodes' && Array.isArray(value)

const written = (record: unknown): string => JSON.stringify(record)

/** Returns undefined for an answer that is not written as the service does it. */
function asTheyStand(text: string): unknown {
  const start = text.indexOf(RECORDS) + RECORDS.length
  const ending = END.exec(text.slice(-LONGEST_END))
  if (start < RECORDS.length || !ending || hasLineBreak(text)) return undefined
  const end = text.length - ending[0].length
  const texts = end > start ? recordsIn(text.slice(start, end)) : []
  if (!texts) return undefined
  const answer: unknown = JSON.parse(text.slice(0, start) + text.slice(end))
  const page = pageOf(answer)
  if (!page) return undefined
  page['nodes'] = texts
  return answer
}

/** Whether there is a line break between two tokens; within texts JSON has none. */
const hasLineBreak = (text: string): boolean => text.includes('\n') || text.includes('\r')

/**
 * Cuts records apart, each of which begins with the name of the same field. No text inside of a record can look like the
 * place between two of them: JSON writes a quotation mark with a backslash before it there.
 */
function recordsIn(list: string): string[] | undefined {
  const beginning = /^\{"\w+":/.exec(list)?.[0]
  if (beginning === undefined) return undefined
  const texts: string[] = []
  let from = 0
  for (;;) {
    const end = list.indexOf(`},${beginning}`, from)
    if (end < 0) return [...texts, list.slice(from)]
    texts.push(list.slice(from, end + 1))
    from = end + 2
  }
}

/** Returns the only field of the answer's data. */
function pageOf(answer: unknown): Record<string, unknown> | undefined {
  const [page] = Object.values(Object(Object(answer).data)) as unknown[]
  return typeof page === 'object' && page !== null ? (page as Record<string, unknown>) : undefined
}
