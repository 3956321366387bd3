/** What a price is for. */
export const PRICES = ['input', 'read', 'creation'] as const
export type PriceKind = (typeof PRICES)[number]

/** A price that a row tells. */
export interface Quote {
  /** In microseconds since 1970. */
  readonly at: number
  /** In US dollars for a million tokens. */
  readonly price: number
}

export type Quotes = Readonly<Record<PriceKind, Quote | null>>

/** The first and the last price that the rows of a unit tell of a model and provider key: the dearest of their instants. */
export interface QuotesOfUnit {
  readonly model: string
  readonly providerKey: string | null
  readonly first: Quotes
  readonly last: Quotes
}

/** The prices of several units, of which the nearest can be asked for. */
export interface QuoteBook {
  add(quotes: QuotesOfUnit): void
  /** The nearest price of a model, and of a provider key if one is named. Complete when all units have been added. */
  nearest(kind: PriceKind, at: number, model: string, providerKey?: string): Quote | null
}

/** The nearer of two: the earlier of two as near, the dearer of one instant. */
export function nearer(at: number, a: Quote | null, b: Quote | null): Quote | null {
  if (a === null || b === null) return a ?? b
  const further = Math.abs(a.at - at) - Math.abs(b.at - at) || a.at - b.at || b.price - a.price
  return further <= 0 ? a : b
}

const byTime = (a: Quote, b: Quote): number => a.at - b.at

export function createQuoteBook(): QuoteBook {
  const lists = new Map<string, Quote[]>()
  const sorted = new Set<Quote[]>()
  // The length keeps a model apart from the key that follows it.
  const nameOf = (kind: PriceKind, model: string, providerKey?: string) =>
    `${kind} ${model.length} ${model}${providerKey ?? ''}`

  function write(name: string, quotes: readonly (Quote | null)[]): void {
    const list = lists.get(name) ?? []
    lists.set(name, list)
    for (const quote of quotes) if (quote) list.push(quote)
  }

  function listOf(name: string): readonly Quote[] {
    const list = lists.get(name) ?? []
    if (!sorted.has(list)) sorted.add(list.sort(byTime))
    return list
  }

  return {
    add({ model, providerKey, first, last }) {
      for (const kind of PRICES) {
        const quotes = [first[kind], last[kind]]
        write(nameOf(kind, model), quotes)
        if (providerKey !== null) write(nameOf(kind, model, providerKey), quotes)
      }
    },
    nearest(kind, at, model, providerKey) {
      const list = listOf(nameOf(kind, model, providerKey))
      const after = firstAfter(list, at)
      const [before, next] = [list[after - 1], list[after]]
      // Several of one instant lie beside each other.
      return [before, next].reduce<Quote | null>(
        (best, quote) => (quote ? nearer(at, best, dearestOf(list, quote.at, after)) : best),
        null,
      )
    },
  }
}

/** The place of the first quote later than a time. */
function firstAfter(list: readonly Quote[], at: number): number {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((list[middle]?.at ?? 0) <= at) low = middle + 1
    else high = middle
  }
  return low
}

/** The dearest quote of an instant that lies at a place or next to it. */
function dearestOf(list: readonly Quote[], at: number, place: number): Quote | null {
  let dearest: Quote | null = null
  let from = place
  while (list[from - 1]?.at === at) from -= 1
  for (let next = list[from]; next?.at === at; next = list[++from])
    if (!dearest || next.price > dearest.price) dearest = next
  return dearest
}
