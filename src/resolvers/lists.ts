import type { Context } from '../context.js'
import { InvalidInputError } from '../errors.js'
import { type Listed, type ListedRows, type ListSelection, listedName } from '../gateway/lists.js'
import { once } from '../util/promises.js'
import {
  decodePosition,
  encodePosition,
  type KeysetPage,
  type PageArguments,
  queryFingerprint,
  readFirst,
} from './paging.js'
import { readSearchText } from './selections.js'

export interface ListArguments extends PageArguments {
  readonly search?: string | null | undefined
  readonly isActive?: boolean | null | undefined
  readonly providerId?: string | null | undefined
}

/**
 * Lists rows of the gateway, whether or not an affinity names them, by name. Each part of a page is read when it is first used.
 * @param fields the fields of the rows that the query shows
 */
export function listed<Kind extends Listed>(
  kind: Kind,
  args: ListArguments,
  fields: ReadonlySet<keyof ListedRows[Kind] & string>,
  context: Context,
): KeysetPage<ListedRows[Kind]> {
  const first = readFirst(args.first)
  const selection = readSelection(args)
  const fingerprint = queryFingerprint([kind, selection])
  const position = args.after == null ? undefined : decodePosition(fingerprint, args.after, isPlace)
  const after = position && { name: position[0], id: position[1] }
  const { gateway } = context

  /** A search, a filter and an order without an index look at the whole table, which the document's price has no room for. */
  const wholeTablePaid = once(async () => {
    if (!context.isCharged || (Object.keys(selection).length === 0 && kind !== 'providerKeys')) return
    await context.payForRead((await gateway.scannedRows()).lists[kind])
  })
  const rows = once(async () => {
    await wholeTablePaid()
    return gateway.list(kind, { selection, first: first + 1, ...(after && { after }), fields })
  })
  return {
    items: async () => (await rows()).slice(0, first),
    hasNextPage: async () => (await rows()).length > first,
    async hasPreviousPage() {
      if (after === undefined) return false
      await wholeTablePaid()
      return gateway.isListedUpTo(kind, selection, after)
    },
    totalCount: () =>
      context.shared({
        question: `number of ${kind} ${fingerprint}`,
        size: async () => (await gateway.scannedRows()).lists[kind],
        run: (readers) => readers.gateway.countListed(kind, selection),
      }),
    cursorOf: (row) => encodePosition(fingerprint, [listedName(row), row.id]),
  }
}

/** @throws InvalidInputError */
function readSelection({ search, isActive, providerId }: ListArguments): ListSelection {
  // PostgreSQL refuses this character in a text.
  if (providerId?.includes('\0')) {
    throw new InvalidInputError('providerId must not contain a NUL character.', 'providerId')
  }
  return {
    ...(search != null && { search: readSearchText(search, 'search') }),
    ...(isActive != null && { isActive }),
    ...(providerId != null && { providerId }),
  }
}

/** The gateway's columns of names have at most 255 characters, and those of ids 36; forks may have longer ones. */
const MAX_PLACE_LENGTH = 1_000

const isPlace = (parts: readonly unknown[]): parts is [name: string, id: string] =>
  parts.length === 2 &&
  parts.every((part) => typeof part === 'string' && part.length <= MAX_PLACE_LENGTH && !part.includes('\0'))
