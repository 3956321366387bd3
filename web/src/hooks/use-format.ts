import { useTranslation } from 'react-i18next'

export interface Format {
  number(value: number): string
  /** At most one decimal. */
  decimal(value: number): string
  /** `0.873` as `87.3 %` in the language's own way. */
  percent(value: number): string
  /** US dollars: to the cent, below one dollar to a hundredth of a cent. */
  money(value: number): string
  /** Date and time to the second with its zone. */
  dateTime(value: string | number): string
  /** Date and time to the minute, without the year. */
  shortTime(value: string | number): string
  /** Time of day to the second. */
  time(value: number): string
  /** `1 h 05 min`, `4 min 32 s`, `32 s`; from seconds. */
  duration(seconds: number): string
  /** The two largest units at most: `2 d 3 h`, `1 h 50 min`, `17 min`, `32 s`; from seconds. */
  age(seconds: number): string
  /** `a, b` with the language's own commas. */
  list(parts: readonly string[]): string
  /** `a or b`, where one is enough. */
  either(parts: readonly string[]): string
  readonly zone: string
}

/** The console keeps one format per language: creating one takes milliseconds, and each table row needs several. */
const formats = new Map<string, Format>()

export function useFormat(): Format {
  const { language } = useTranslation().i18n
  let format = formats.get(language)
  if (format === undefined) {
    format = createFormat(language)
    formats.set(language, format)
  }
  return format
}

export function createFormat(language: string): Format {
  const number = new Intl.NumberFormat(language)
  const decimal = new Intl.NumberFormat(language, { maximumFractionDigits: 1 })
  const percent = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 })
  const dollars = { style: 'currency', currency: 'USD', currencyDisplay: 'narrowSymbol' } as const
  const cents = new Intl.NumberFormat(language, dollars)
  const parts = new Intl.NumberFormat(language, {
    ...dollars,
    minimumFractionDigits: 4,
    maximumFractionDigits: 4,
  })
  const dateTime = new Intl.DateTimeFormat(language, {
    year: 'numeric',
    month: 'short',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  })
  const shortTime = new Intl.DateTimeFormat(language, {
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  const time = new Intl.DateTimeFormat(language, { timeStyle: 'medium', hourCycle: 'h23' })
  const list = new Intl.ListFormat(language, { type: 'conjunction', style: 'narrow' })
  const either = new Intl.ListFormat(language, { type: 'disjunction' })
  const unit = (name: 'day' | 'hour' | 'minute' | 'second') =>
    new Intl.NumberFormat(language, { style: 'unit', unit: name, unitDisplay: 'narrow' })
  const units = { day: unit('day'), hour: unit('hour'), minute: unit('minute'), second: unit('second') }
  const zoneName = new Intl.DateTimeFormat(language, { timeZoneName: 'short' })
    .formatToParts(new Date())
    .find(({ type }) => type === 'timeZoneName')?.value
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions()

  return {
    number: (value) => number.format(value),
    decimal: (value) => decimal.format(value),
    percent: (value) => percent.format(value),
    money: (value) => (value !== 0 && Math.abs(value) < 1 ? parts : cents).format(value),
    dateTime: (value) => dateTime.format(new Date(value)),
    shortTime: (value) => shortTime.format(new Date(value)),
    time: (value) => time.format(value),
    duration(seconds) {
      const total = Math.max(0, Math.floor(seconds))
      const [days, hours] = [Math.floor(total / 86_400), Math.floor(total / 3_600) % 24]
      const [minutes, rest] = [Math.floor(total / 60) % 60, total % 60]
      if (days > 0) return `${units.day.format(days)} ${units.hour.format(hours)}`
      if (hours > 0) return `${units.hour.format(hours)} ${units.minute.format(minutes)}`
      if (minutes > 0) return `${units.minute.format(minutes)} ${units.second.format(rest)}`
      return units.second.format(rest)
    },
    age(seconds) {
      const total = Math.max(0, Math.floor(seconds))
      const minutes = Math.floor(total / 60)
      if (minutes === 0) return units.second.format(total)
      if (minutes < 60) return units.minute.format(minutes)
      const hours = Math.floor(minutes / 60)
      if (hours < 24) return `${units.hour.format(hours)} ${units.minute.format(minutes % 60)}`
      return `${units.day.format(Math.floor(hours / 24))} ${units.hour.format(hours % 24)}`
    },
    list: (parts) => list.format(parts),
    either: (parts) => either.format(parts),
    zone: zoneName === undefined || zoneName === timeZone ? timeZone : `${timeZone} (${zoneName})`,
  }
}
