import { InvalidArgumentError, Option } from 'commander'

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
type Unit = keyof typeof UNIT_MS

const isUnit = (text: string): text is Unit => Object.hasOwn(UNIT_MS, text)

interface Times {
  readonly units: readonly Unit[]
  readonly mostMs: number
  /** Says what is taken, to whoever gave another. */
  readonly message: string
}

/** Makes the parser of a time. The parser returns milliseconds. */
export const timeParser =
  ({ units, mostMs, message }: Times) =>
  (text: string): number => {
    const [, digits = '', unit = ''] = /^([1-9]\d{0,4})([a-z])$/.exec(text) ?? []
    const ms = isUnit(unit) && units.includes(unit) ? Number(digits) * UNIT_MS[unit] : 0
    if (ms > 0 && ms <= mostMs) return ms
    throw new InvalidArgumentError(message)
  }

const timeBefore = timeParser({
  units: ['m', 'h', 'd'],
  mostMs: 31 * UNIT_MS.d,
  message: 'The time must be minutes, hours or days, such as 90m, 24h or 7d, at most 31d.',
})

/** Makes the option that says how long before now a list or a sum begins. */
export const sinceOption = (description: string, byDefault: string): Option =>
  new Option('--since <time>', description).default(timeBefore(byDefault), byDefault).argParser(timeBefore)

/** Returns the time so many milliseconds before now, as the API takes it. */
export const beforeNow = (ms: number): string => new Date(Date.now() - ms).toISOString()
