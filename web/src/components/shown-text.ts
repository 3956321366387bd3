/** Controls, and characters that turn or hide letters: the same that the command line does not print. */
const CONTROL = /[\p{Cc}\p{Cf}\u2028\u2029]/gu
/** They keep the direction of what lies between them to itself, so that they do no harm where each has its end. */
const ISOLATES = /[\u2066-\u2069]/g
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u

const REPLACEMENT = '\ufffd'

/** Returns a name as people may see it: whoever chose it cannot turn, hide or break what stands beside it. */
export const shownText = (text: string): string => text.replace(CONTROL, REPLACEMENT)

/**
 * Returns a value that is put into a sentence. One that may run from right to left is isolated from the sentence, as
 * `<bdi>` does it for elements. A value may itself be a sentence with isolated values in it.
 */
export function isolatedText(text: string): string {
  const hasPairs = areIsolatesPaired(text)
  const shown = text.replace(CONTROL, (character) =>
    hasPairs && isIsolate(character) ? character : REPLACEMENT,
  )
  return RIGHT_TO_LEFT.test(shown.replace(/\u2068[^\u2069]*\u2069/g, '')) ? `\u2068${shown}\u2069` : shown
}

const isIsolate = (character: string): boolean => character >= '\u2066' && character <= '\u2069'

function areIsolatesPaired(text: string): boolean {
  let open = 0
  for (const [character] of text.matchAll(ISOLATES)) {
    open += character === '\u2069' ? -1 : 1
    if (open < 0) return false
  }
  return open === 0
}

/** Returns a value as indented JSON, with an escape for each character that `shownText` replaces. */
export const shownJson = (value: unknown): string =>
  JSON.stringify(value, null, 2).replace(CONTROL, (character) =>
    character === '\n' ? character : escaped(character),
  )

/** Escapes each UTF-16 unit. */
const escaped = (character: string): string =>
  character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
