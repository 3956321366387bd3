import { z } from 'zod'

/** A row of the table of variables. Its name is its key in the table. */
export interface Variable {
  /** Reads the text of the variable. An issue's message is the end of a sentence that begins with the variable's name. */
  readonly schema: z.ZodType<unknown, string>
  /** The value of a secret variable is never shown, neither in a problem nor in a stack. */
  readonly secret: boolean
  /** The text that counts where the variable is not set. */
  readonly default?: string
  /**
   * White space around a value is dropped, and around a list also commas; a value that is `exact` counts as it stands.
   */
  readonly form?: 'list' | 'exact'
  /** Markdown for docs/configuration.md: what it does, with its unit and its range. */
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

/** Decimal digits: no sign, exponent or unit. */
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

/** 0 switches a limit off; a limit below the least would refuse what a person needs. */
export const limit = (least: number) =>
  number(/^\d{1,12}$/, (value) => value === 0 || value >= least, `must be 0 or a whole number from ${least}`)

/**
 * Entries between commas; an empty one among others is refused, since it may be a variable that was never filled in.
 * @param entry reads one entry, or gives undefined where it cannot be meant
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

/** Base URLs, each once and without a slash at its end. */
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

/** `host:port,host:port,…`; IPv6 addresses in brackets. */
export const hostPorts = (defaultPort: number) =>
  list((text) => {
    // Nothing of a URL but host and port: a user, a database or a parameter would be ignored.
    const url = /[@/?#]/.test(text) ? undefined : urlOf(`redis://${text}`)
    if (!url?.hostname) return undefined
    return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || defaultPort) }
  }, 'must be host:port, comma-separated')
