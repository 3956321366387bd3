/** The page shows these members of an event's metadata in their own place. */
export interface KnownMetadata {
  readonly dryRun: boolean
  readonly clearedCount: number | null
}

/** Reads the known members. Any version of the service may have written the metadata, so anything may be in it. */
export function readMetadata(metadata: unknown): KnownMetadata {
  const dryRun = find(metadata, ['dryRun', 'dry_run'])
  const count = find(metadata, ['clearedCount', 'cleared_count'])
  return { dryRun: dryRun === true, clearedCount: typeof count === 'number' ? count : null }
}

function find(value: unknown, names: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  const entries = Object.entries(value)
  const own = entries.find(([name]) => names.includes(name))
  if (own) return own[1]
  for (const [, inner] of entries) {
    const found = find(inner, names)
    if (found !== undefined) return found
  }
  return undefined
}
