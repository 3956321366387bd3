import { percentDecoded } from '../util/urls.js'
import type { Variable } from './kinds.js'
import { VARIABLE_NAMES, VARIABLES } from './variables.js'

/** A shorter text is no secret, and stands in every other word. */
const SHORTEST_SECRET = 4

const HIDDEN = '[secret]'

/** Takes the values of secret variables, and the passwords of URLs among them, out of any text. */
export function createRedactor(
  environment: Readonly<Record<string, string | undefined>>,
): (text: string) => string {
  const secrets = VARIABLE_NAMES.filter((name) => (VARIABLES[name] satisfies Variable).secret)
    .flatMap((name) => partsOf(environment[name] ?? ''))
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    // The longest first: a password alone would leave the rest of its URL.
    .sort((a, b) => b.length - a.length)
  return (text) => secrets.reduce((left, secret) => left.replaceAll(secret, HIDDEN), text)
}

function partsOf(value: string): string[] {
  const password = URL.canParse(value.trim()) ? new URL(value.trim()).password : ''
  return [value, value.trim(), password, percentDecoded(password) ?? '']
}
