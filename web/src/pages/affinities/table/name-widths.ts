import type { CSSProperties } from 'react'
import type { AffinityRowFragment } from '../../../generated/graphql.js'

/** What the columns of names have together at 1440 pixels, in percent of the table. */
const SHARE = 48.2
/** Columns of one Latin letter each. Below it a column's title is cut, and above it names are cut before others are. */
const NARROWEST = 7
const WIDEST = 26
/** So many of a column's names have room, before the longest ones take it from other columns. */
const WHOLE = 0.95

const WIDE =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u

const COLUMNS = {
  user: ({ user }) => user?.username,
  key: ({ apiKey }) => apiKey?.name,
  model: ({ modelName, sessionHash, clientFamily }) =>
    `${modelName ?? ''}${sessionHash === null ? '' : ` · ${clientFamily ?? ''} 00000000…`}`,
  provider: ({ provider }) => provider?.displayName,
  pkey: ({ providerKey }) => providerKey?.name,
} satisfies Record<string, (record: AffinityRowFragment) => string | null | undefined>

/** Shares the width among the columns of names by the length of the names that each has on the page. */
export function nameWidths(records: readonly AffinityRowFragment[]): CSSProperties {
  const longest = Object.entries(COLUMNS).map(([column, nameOf]) => {
    const lengths = records.map((record) => lengthOf(nameOf(record) ?? '')).sort((a, b) => a - b)
    const length = lengths[Math.floor((lengths.length - 1) * WHOLE)] ?? 0
    // Room for the padding of a cell.
    return [column, Math.max(NARROWEST, length) + 2.5] as const
  })
  const sum = longest.reduce((total, [, length]) => total + length, 0)
  return Object.fromEntries(
    longest.map(([column, length]) => [`--width-${column}`, `${((length / sum) * SHARE).toFixed(2)}%`]),
  )
}

function lengthOf(name: string): number {
  let length = 0
  for (const character of name) {
    length += WIDE.test(character) ? 2 : 1
    if (length >= WIDEST) return WIDEST
  }
  return length
}
