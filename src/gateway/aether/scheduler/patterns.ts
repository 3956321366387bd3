import { RE2JS } from 're2js'

/** Longest pattern that the gateway takes, in characters. */
const LONGEST = 500

/**
 * Whether a pattern matches a whole text, whatever its case. Administrators write these patterns, so they run in an engine whose
 * time is linear in the text. A pattern that is too long, or that the engine cannot read, matches nothing.
 */
export function matchesWhole(pattern: string, text: string): boolean {
  if (pattern.length > LONGEST) return false
  try {
    return RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE).matches(text)
  } catch {
    return false
  }
}
