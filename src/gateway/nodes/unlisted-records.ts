import type { AffinityRecord } from '../../affinities/affinity-record.js'

/** What a node lists: the identities of its records; undefined if the list could not be read, or not in full. */
export type ListNode = (url: string) => Promise<ReadonlySet<string> | undefined>

export interface UnlistedRecords {
  /** True if processes write whose records no node lists; null: not known. */
  readonly found: boolean | null
  /** True if another look in a while will tell more. */
  readonly isSuspected: boolean
  look(urls: readonly string[]): Promise<void>
  forget(): void
}

export interface UnlistedRecordsDeps {
  /** A sample of the records that were written since then, in Unix seconds: some of each epoch. */
  readonly written: (since: number) => Promise<readonly AffinityRecord[]>
  readonly list: ListNode
  /** Unix milliseconds. */
  readonly now: () => number
}

/** The first look takes records that were written in so many seconds. */
const RECENT_SECONDS = 60

/** Tells one record of a session from all others. */
export const sessionIdentity = (
  ...[apiKeyId, apiFormat, model, clientFamily, sessionHash]: readonly (string | undefined)[]
): string => JSON.stringify([apiKeyId, apiFormat, model, clientFamily, sessionHash])

const identityOf = ({ affinityKey, apiFormat, modelId, extra }: AffinityRecord): string =>
  sessionIdentity(affinityKey, apiFormat, modelId, extra?.['clientFamily'], extra?.['sessionHash'])

/**
 * Finds processes that write records and are none of the nodes: each process lists what it holds, and what Redis mirrors of
 * its own epoch. A process that has restarted, or learnt of an admin change, disowns what it wrote before, so an epoch counts
 * only if no node lists it at two looks, and it was written between them.
 */
export function createUnlistedRecords({ written, list, now }: UnlistedRecordsDeps): UnlistedRecords {
  let found: boolean | null = null
  let suspects: ReadonlySet<string> = new Set()
  let lookedAt: number | undefined

  const forget = () => {
    found = null
    suspects = new Set()
    lookedAt = undefined
  }

  return {
    get found() {
      return found
    },
    get isSuspected() {
      return suspects.size > 0 && found !== true
    },
    async look(urls) {
      const since = suspects.size > 0 && lookedAt !== undefined ? lookedAt : now() / 1_000 - RECENT_SECONDS
      const records = await written(since).catch(() => [])
      if (records.length === 0) return forget()
      const lists = await Promise.all(urls.map(list))
      const known = lists.filter((each) => each !== undefined)
      // What a node that did not answer lists is not known.
      if (known.length < urls.length) return forget()
      // The mirrors have whole seconds: the next look begins with the second after this one.
      lookedAt = Math.floor(now() / 1_000) + 1
      const unlisted = new Set(
        records
          .filter((record) => known.every((each) => !each.has(identityOf(record))))
          .map(({ extra }) => extra?.['epoch'] ?? ''),
      )
      found = [...unlisted].some((epoch) => suspects.has(epoch)) ? true : unlisted.size > 0 ? found : false
      suspects = unlisted
    },
    forget,
  }
}
