import { shownText } from './shown-text.js'

/** A name that somebody has chosen. Its letters stay within it, in whichever direction they run. */
export function Name({ of: name }: { readonly of: string }) {
  return <bdi>{shownText(name)}</bdi>
}
