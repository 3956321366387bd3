/** Control characters that JSON does not escape, and characters that change the direction of text. */
const CONTROLS = /[\u007f-\u009f\u2028\u2029\p{Cf}]/gu
/** A backslash with what it escapes: the escape character (ESC), as JSON writes it, or anything else. */
const ESCAPED = /\\(?:u001b|.)/gs

/**
 * Escapes control characters in a log line as JSON allows. Names in the log come from strangers: a terminal that shows the
 * line must not interpret them, and a JSON parser must still return the exact name.
 */
export const escapeControls = (line: string): string =>
  line.replace(CONTROLS, (text) => text.split('').map(escaped).join(''))

const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Replaces control characters in a line that was parsed already and is shown to a person. */
export const replaceControls = (line: string): string =>
  line.replace(CONTROLS, '�').replace(ESCAPED, (text) => (text === '\\u001b' ? '�' : text))
