import { limitOf, textsOf, truthIn, valueIn } from './lists.js'

/*
 * API formats as `family:kind`, and which endpoint serves which client.
 */

const FAMILIES = ['openai', 'claude', 'gemini']
const KINDS = ['chat', 'cli', 'compact', 'video', 'image']
/** What the gateway takes an unknown text for, in lists of what is allowed. */
const FALLBACK = 'claude:chat'

interface Format {
  readonly family: string
  readonly kind: string
}

function formatOf(text: string): Format | undefined {
  const [family = '', kind = '', ...rest] = text.trim().toLowerCase().split(':')
  return FAMILIES.includes(family) && KINDS.includes(kind) && rest.length === 0 ? { family, kind } : undefined
}

/** A format of a list of what is allowed. */
export function listedFormat(text: string): string {
  const format = formatOf(text)
  return format ? `${format.family}:${format.kind}` : FALLBACK
}

/** For each kind of client, the kinds of endpoints that serve it beside its own. */
const SERVED_BY: Readonly<Record<string, readonly string[]>> = {
  chat: ['cli'],
  cli: ['chat'],
  compact: ['cli'],
}

/** Formats whose data are the same. */
const SAME_DATA: readonly (readonly string[])[] = [
  ['claude:chat', 'claude:cli'],
  ['gemini:chat', 'gemini:cli'],
  ['openai:cli', 'openai:compact'],
]

/** How an endpoint serves a client: as it is, by conversion, by one for requests that do not stream, or not. */
export type Service = 'as it is' | 'converted' | 'converted without streams' | 'not'

export interface Conversion {
  /** The setting for all providers. */
  readonly setting: boolean | null
  readonly provider: boolean | null
  /** `provider_endpoints.format_acceptance_config` */
  readonly endpoint: unknown
}

/** How an endpoint of a format serves a client of another. Formats of older gateways are told apart by their text alone. */
export function serviceOf(client: string, endpoint: string, conversion: Conversion): Service {
  const [asked, served] = [client.toLowerCase(), endpoint.toLowerCase()]
  if (asked === served) return 'as it is'
  const [a, b] = [formatOf(asked), formatOf(served)]
  // Better no word than a false one.
  if (!a || !b) return a === b ? 'as it is' : 'not'
  if (a.kind !== b.kind && !SERVED_BY[a.kind]?.includes(b.kind)) return 'not'
  if (SAME_DATA.some((same) => same.includes(asked) && same.includes(served))) return 'as it is'
  return conversionOf(asked, conversion)
}

/** Whether some setting allows conversion at all. */
export const convertsSomewhere = ({ setting, provider, endpoint }: Conversion): boolean =>
  setting !== false || provider !== false || truthIn(endpoint, 'enabled') === true

function conversionOf(client: string, { setting, provider, endpoint }: Conversion): Service {
  if (setting !== false || provider === true) return 'converted'
  if (truthIn(endpoint, 'enabled') !== true) return 'not'
  const lower = (name: string) => textsOf(valueIn(endpoint, name)).map((text) => text.toLowerCase())
  if (lower('reject_formats').includes(client)) return 'not'
  const accepts = limitOf(valueIn(endpoint, 'accept_formats'))
  if (accepts && accepts.length > 0 && !lower('accept_formats').includes(client)) return 'not'
  return truthIn(endpoint, 'stream_conversion') === false ? 'converted without streams' : 'converted'
}
