import { ConfigurationError } from '../errors.js'
import { percentDecoded } from '../util/urls.js'
import type { Variable } from './kinds.js'
import { VARIABLE_NAMES, VARIABLES, type ValueOf, type VariableName } from './variables.js'

export type Environment = Readonly<Record<string, string | undefined>>

/** Reads variables by the table, and collects their problems. */
export interface Reader {
  isSet(name: VariableName): boolean
  /** Returns the value of a variable. If it is invalid, adds a problem and returns the default. */
  read<N extends VariableName>(name: N): ValueOf<N>
  /** @param sentence complete sentence without any value that may be secret */
  problem(sentence: string): void
  /** @throws ConfigurationError with all problems so far, if there are any */
  check(): void
}

/** Returns the trimmed text of a variable, or undefined if the variable is not set or empty. */
function textOf(environment: Environment, name: VariableName): string | undefined {
  const { form }: Variable = VARIABLES[name]
  const text = environment[name] ?? ''
  if (form === 'exact') return text || undefined
  return (form === 'list' ? text.replace(/^[\s,]+|[\s,]+$/g, '') : text.trim()) || undefined
}

export function createReader(environment: Environment): Reader {
  const problems = new Set<string>()
  const redact = createRedactor(environment)

  /** Quotes a text in a problem, unless it contains a secret of any variable or may be a URL with a password. */
  const shown = ({ secret }: Variable, text: string): string =>
    secret || text.includes('@') || redact(text) !== text ? '' : `; it is ${JSON.stringify(text)}`

  return {
    isSet: (name) => textOf(environment, name) !== undefined,
    read<N extends VariableName>(name: N): ValueOf<N> {
      const row: Variable = VARIABLES[name]
      const text = textOf(environment, name)
      const parsed = text === undefined ? undefined : row.schema.safeParse(text)
      for (const { message, path } of parsed?.error?.issues ?? []) {
        const subject = path.length > 0 ? `Entry ${Number(path[0]) + 1} of ${name}` : name
        problems.add(`${subject} ${message}${shown(row, text ?? '')}.`)
      }
      const value = parsed?.success
        ? parsed.data
        : row.default === undefined
          ? undefined
          : row.schema.parse(row.default)
      // TypeScript cannot derive the type of a row's value from `Variable`; `ValueOf` derives it from the name.
      return value as ValueOf<N>
    },
    problem: (sentence) => void problems.add(sentence),
    check() {
      if (problems.size > 0) throw new ConfigurationError([...problems])
    },
  }
}

/** Shortest name that is checked. Shorter ones, like `TERM` and `PORT`, are one typing error away from too many others. */
const SHORTEST_NAME = 8

/**
 * Returns true if one typing error turns a name into the other: one letter added, removed or replaced, or two swapped
 * (Damerau-Levenshtein distance 1).
 */
function isOneSlip(a: string, b: string): boolean {
  let start = 0
  while (start < a.length && a[start] === b[start]) start++
  let end = 0
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++
  const [left, right] = [a.slice(start, a.length - end), b.slice(start, b.length - end)]
  if (left.length === 2) return right === `${left[1]}${left[0]}`
  return left.length <= 1 && right.length <= 1
}

export interface NearMiss {
  readonly name: string
  readonly meant: VariableName
}

/** Finds set variables that nothing reads but that are one typing error away from a known variable that is not set. */
export function nearMisses(environment: Environment): NearMiss[] {
  const missing = VARIABLE_NAMES.filter((name) => name.length >= SHORTEST_NAME && !environment[name])
  return Object.keys(environment).flatMap((name) => {
    if (VARIABLE_NAMES.some((known) => known === name)) return []
    const meant = missing.find((known) => isOneSlip(name, known))
    return meant ? [{ name, meant }] : []
  })
}

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
