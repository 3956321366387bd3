/** The check of a database's schema: whether the tables there are the gateway's. */
export interface GatewaySchema {
  /** Names of every table that is read. */
  readonly tables: readonly string[]
  /**
   * Makes sure the database has the gateway's tables. Only an empty database, or one that affinityql itself created, is ever
   * changed.
   * @returns whether anything was changed.
   * @throws ConfigurationError naming what is missing; UnavailableError (DATABASE_UNAVAILABLE)
   */
  prepare(): Promise<'migrated' | 'unchanged'>
  /** What `prepare` would find, one sentence a problem; nothing is changed. Rejects with the driver's error. */
  inspect(): Promise<'empty' | { readonly problems: readonly string[] }>
  /** Whether searches by name are fast. Rejects with the driver's error. */
  searchIndexes(): Promise<SearchIndexes>
}

export interface SearchIndexes {
  /** As PostgreSQL estimates them. */
  readonly apiKeys: number
  /** True if each table that a search reads whole has its index, by whatever name. */
  readonly complete: boolean
}
