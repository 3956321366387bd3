/** Control characters beyond those that JSON escapes, and marks that turn the direction of writing. */
const CONTROLS = /[\u007f-\u009f\u2028\u2029\p{Cf}]/gu
/** As JSON writes the one that begins a terminal's command, wherever that is no part of an escaped backslash. */
const ESCAPED_ESC = /(?<!\\)((?:\\\\)*)\\u001b/g

/**
 * Names in the log come from strangers. Escaped as JSON can: a terminal that shows the log does nothing, and whoever
 * parses it has the name as it is.
 */
export const escapeControls = (line: string): string =>
  line.replace(CONTROLS, (text) => text.split('').map(escaped).join(''))

const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

/** The same for a line that is shown to a person after it has been parsed: what cannot be shown is replaced. */
export const replaceControls = (line: string): string =>
  line.replace(CONTROLS, '�').replace(ESCAPED_ESC, '$1�')
