import type { GlobalModelRow, ProviderKeyRow, ProviderRow, UserRow } from './rows.js'

/** What the database lists, whether or not an affinity names it. */
export interface ListedRows {
  readonly users: UserRow
  readonly providers: ProviderRow
  readonly providerKeys: ProviderKeyRow
  readonly globalModels: GlobalModelRow
}
export type Listed = keyof ListedRows

/** Which rows are wanted: those for which every given field holds. */
export interface ListSelection {
  /** The row's id, its name, the name that people see or its email contains this text, whatever its case. */
  readonly search?: string
  readonly isActive?: boolean
  /** For provider keys: the key belongs to this provider, directly or through its endpoint. */
  readonly providerId?: string
}

/** A place in a list. It stays valid after the row that had this place has gone. */
export interface ListPlace {
  /** The name by which the list is ordered. */
  readonly name: string
  readonly id: string
}

export interface ListRequest {
  readonly selection: ListSelection
  /** At most so many rows are returned. */
  readonly first: number
  readonly after?: ListPlace
  /** The fields that a row must have beside its id and its name. */
  readonly fields: ReadonlySet<string>
}

/**
 * Lists of the gateway's rows, ordered by the name in the database's own order of texts, then by id. Each method issues one
 * SQL statement, and one more for each condition or field that the gateway's generations have in different columns. It
 * throws UnavailableError (DATABASE_UNAVAILABLE) when the database does not answer.
 */
export interface GatewayLists {
  /** Reads a page. The rows have the type of whole rows, but may have the requested fields alone, beside id and name. */
  list<Kind extends Listed>(kind: Kind, request: ListRequest): Promise<readonly ListedRows[Kind][]>
  countListed(kind: Listed, selection: ListSelection): Promise<number>
  /** Whether a selected row lies at this place or before it. */
  isListedUpTo(kind: Listed, selection: ListSelection, place: ListPlace): Promise<boolean>
}

/** Returns the name by which a list is ordered. */
export const listedName = (row: ListedRows[Listed]): string => ('username' in row ? row.username : row.name)
