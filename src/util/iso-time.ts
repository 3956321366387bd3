const DAY_MS = 86_400_000
const SECOND_MS = 1_000

const padded = (count: number, length: number): readonly string[] =>
  Array.from({ length: count }, (_, number) => String(number).padStart(length, '0'))
const SIXTIETHS = padded(60, 2)
const THOUSANDTHS = padded(1_000, 3)

let latestDay = Number.NaN
let latestDate = ''

/**
 * Writes a time as `toISOString` does, in a third of its time: a list has thousands of times, and few days.
 * @throws RangeError if the date is invalid
 */
export function isoTime(date: Date): string {
  const ms = date.getTime()
  const day = Math.floor(ms / DAY_MS)
  if (day !== latestDay) {
    latestDate = new Date(day * DAY_MS).toISOString().slice(0, -'00:00:00.000Z'.length)
    latestDay = day
  }
  const msOfDay = ms - day * DAY_MS
  const seconds = Math.floor(msOfDay / SECOND_MS)
  const minutes = Math.floor(seconds / 60)
  const clock = `${SIXTIETHS[Math.floor(minutes / 60)]}:${SIXTIETHS[minutes % 60]}:${SIXTIETHS[seconds % 60]}`
  return `${latestDate}${clock}.${THOUSANDTHS[msOfDay - seconds * SECOND_MS]}Z`
}
