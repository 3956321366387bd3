/** A text as it is compared without regard to case. Σ in small letters is ς at the end of a word, and a part of a name may end where the name goes on. */
export const foldedText = (text: string): string => text.toLowerCase().replaceAll('ς', 'σ')

/** Does a name contain this text, whatever the case of either? */
export function containing(text: string): (name: string) => boolean {
  const wanted = foldedText(text)
  // It is asked of each of 100,000 API keys: what sigma looks like matters only where one is wanted.
  if (!wanted.includes('σ')) return (name) => name.toLowerCase().includes(wanted)
  return (name) => foldedText(name).includes(wanted)
}
