import { percentDecoded } from '../util/urls.js'
import type { Variable } from './kinds.js'
import { VARIABLE_NAMES, VARIABLES } from './variables.js'

/** Shortest text that is hidden. A shorter one occurs in ordinary words. */
const SHORTEST_SECRET = 4

const HIDDEN = '[secret]'

/** Creates a function that replaces the values of secret variables, and the passwords in URLs among them, in any text. */
export function createRedactor(
  environment: Readonly<Record<string, string | undefined>>,
): (text: string) => string {
  const secrets = VARIABLE_NAMES.filter((name) => (VARIABLES[name] satisfies Variable).secret)
    .flatMap((name) => partsOf(environment[name] ?? ''))
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    // Longest first: replacing only the password would leave the rest of its URL visible.
    .sort((a, b) => b.length - a.length)
  return (text) => secrets.reduce((left, secret) => left.replaceAll(secret, HIDDEN), text)
}

function partsOf(value: string): string[] {
  const password = URL.canParse(value.trim()) ? new URL(value.trim()).password : ''
  return [value, value.trim(), password, percentDecoded(password) ?? '']
}
