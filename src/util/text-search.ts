/**
 * Folds a text for comparisons without regard to case. The lower case of Σ is ς at the end of a word, but a search text may
 * end in the middle of a word, so both become σ.
 */
export const foldedText = (text: string): string => text.toLowerCase().replaceAll('ς', 'σ')

/** Creates a function that checks whether a name contains this text, without regard to case. */
export function containing(text: string): (name: string) => boolean {
  const wanted = foldedText(text)
  // The check runs for each of 100,000 API keys, so sigma is handled only if the text contains one.
  if (!wanted.includes('σ')) return (name) => name.toLowerCase().includes(wanted)
  return (name) => foldedText(name).includes(wanted)
}
