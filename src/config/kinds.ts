import { z } from 'zod'

/** A row of the table of variables. The key of the row is the variable's name. */
export interface Variable {
  /** Parses the text of the variable. The message of an issue completes a sentence that begins with the variable's name. */
  readonly schema: z.ZodType<unknown, string>
  /** True if the value must never be shown, neither in a problem nor in a stack. */
  readonly secret: boolean
  /** Text that is used if the variable is not set. */
  readonly default?: string
  /**
   * Says how the text is trimmed. By default white space around it is removed, around a `list` also commas. An `exact` text
   * is not trimmed.
   */
  readonly form?: 'list' | 'exact'
  /** Markdown for docs/configuration.md: the effect of the variable, with its unit and range. */
  readonly description: string
}

export const text = z.string()

export const flag = z.stringbool({
  truthy: ['true', 'yes', 'on', '1'],
  falsy: ['false', 'no', 'off', '0'],
  case: 'insensitive',
  error: 'must be true or false',
})

export function oneOf<const T extends string>(...options: readonly T[]) {
  const names = options.length === 2 ? options.join(' or ') : `one of ${options.join(', ')}`
  return z.enum(options, { error: `must be ${names}` })
}

/** Parses a number that is written as decimal digits, without a sign, exponent or unit. */
const number = (pattern: RegExp, isMeant: (value: number) => boolean, error: string) =>
  z.string().regex(pattern, { error }).transform(Number).refine(isMeant, { error })

export const wholeNumber = (min: number, max: number, what = `a whole number from ${min} to ${max}`) =>
  number(/^\d+$/, (value) => value >= min && value <= max, `must be ${what}`)

export const decimal = (min: number, max: number) =>
  number(
    /^(\d+\.?\d*|\.\d+)$/,
    (value) => value >= min && value <= max,
    `must be a number from ${min} to ${max}`,
  )

/** Parses a limit: 0 switches it off, and smaller values than `least` are refused, since they would lock people out. */
export const limit = (least: number) =>
  number(/^\d{1,12}$/, (value) => value === 0 || value >= least, `must be 0 or a whole number from ${least}`)

/**
 * Parses comma-separated entries. An empty entry is refused, since it may come from a variable that was never filled in.
 * @param entry parses one entry, and returns undefined if it is invalid
 */
export const list = <T>(entry: (text: string) => T | undefined, error: string) =>
  z.string().transform((text, context) => {
    const entries = text.split(',').map((part) => (part.trim() === '' ? undefined : entry(part.trim())))
    const valid = entries.filter((one) => one !== undefined)
    if (valid.length === entries.length) return valid
    context.addIssue(error)
    return z.NEVER
  })

const urlOf = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined)

const isHttp = ({ protocol }: URL): boolean => protocol === 'http:' || protocol === 'https:'

export const httpUrl = z.string().refine(
  (text) => {
    const url = urlOf(text)
    return url !== undefined && isHttp(url)
  },
  { error: 'must be an http:// or https:// URL' },
)

/** Parses base URLs, and removes duplicates and slashes at the end. */
export const baseUrls = list((text) => {
  const url = urlOf(text)
  if (!url || !isHttp(url) || url.username || url.password || /[?#]/.test(text)) return undefined
  return url.href.replace(/\/+$/, '')
}, 'must be http:// or https:// URLs without user, query or fragment, comma-separated').transform((urls) => [
  ...new Set(urls),
])

export const origins = list(
  (text) => (/^https?:/.test(text) && urlOf(text)?.origin === text ? text : undefined),
  'must be origins such as https://ops.example, without a path, comma-separated',
)

/** Parses `host:port,host:port,…`, with IPv6 addresses in brackets. */
export const hostPorts = (defaultPort: number) =>
  list((text) => {
    // A user, a database or a parameter is refused, since it would be ignored without a word.
    const url = /[@/?#]/.test(text) ? undefined : urlOf(`redis://${text}`)
    if (!url?.hostname) return undefined
    return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || defaultPort) }
  }, 'must be host:port, comma-separated')
