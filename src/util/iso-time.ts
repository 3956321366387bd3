const DAY_MS = 86_400_000
const SECOND_MS = 1_000

const DIGIT = 0x30
const COLON = 0x3a
const POINT = 0x2e
const ZULU = 0x5a

/** So many days are remembered, each at the place of its remainder: a list has a few, by turns in each of its records. */
const DAYS = 64
const days: number[] = Array(DAYS).fill(Number.NaN)
const dates: string[] = Array(DAYS).fill('')

/** Returns the date of a day, in days since 1970, as `toISOString` writes it before the clock. */
function dateOf(day: number): string {
  const place = Math.abs(day) % DAYS || 0
  if (days[place] !== day) {
    dates[place] = new Date(day * DAY_MS).toISOString().slice(0, -'00:00:00.000Z'.length)
    days[place] = day
  }
  return dates[place] as string
}

/** A time has so many characters at most: `+275760-09-13T00:00:00.000Z`. */
export const LONGEST_TIME = 27

/**
 * Writes a time as `toISOString` does, as bytes from a place on. A list has thousands of times, and as texts most of their time
 * goes into putting them together.
 * @returns the place after it
 * @throws RangeError if the date is invalid
 */
export function writeTime(date: Date, into: Uint8Array, place: number): number {
  const ms = date.getTime()
  const day = Math.floor(ms / DAY_MS)
  const dateText = dateOf(day)
  let at = place
  for (let index = 0; index < dateText.length; index++) into[at++] = dateText.charCodeAt(index)
  const msOfDay = ms - day * DAY_MS
  const seconds = Math.floor(msOfDay / SECOND_MS)
  const minutes = Math.floor(seconds / 60)
  at = writeTwo(Math.floor(minutes / 60), into, at)
  into[at++] = COLON
  at = writeTwo(minutes % 60, into, at)
  into[at++] = COLON
  at = writeTwo(seconds % 60, into, at)
  into[at++] = POINT
  const thousandths = msOfDay - seconds * SECOND_MS
  const hundredths = Math.floor(thousandths / 10)
  at = writeTwo(hundredths, into, at)
  into[at++] = DIGIT + thousandths - hundredths * 10
  into[at++] = ZULU
  return at
}

function writeTwo(number: number, into: Uint8Array, at: number): number {
  const tens = Math.floor(number / 10)
  into[at] = DIGIT + tens
  into[at + 1] = DIGIT + number - tens * 10
  return at + 2
}

const room = Buffer.alloc(LONGEST_TIME)

/**
 * Writes a time as `toISOString` does, in a part of its time.
 * @throws RangeError if the date is invalid
 */
export const isoTime = (date: Date): string => room.toString('latin1', 0, writeTime(date, room, 0))
