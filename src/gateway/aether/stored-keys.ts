import type { Database } from '../../postgres/database.js'
import { mapDatabaseErrors } from '../../postgres/database-errors.js'
import type { KeysTried } from '../gateway.js'
import type { Decrypter } from '../masking.js'

/** So many keys of each kind are enough to tell a wrong ENCRYPTION_KEY from a few rows that cannot be read. */
const TRIED = 20

const SOME_KEYS = `
  (SELECT key_encrypted FROM api_keys WHERE key_encrypted IS NOT NULL LIMIT ${TRIED})
  UNION ALL (SELECT api_key FROM provider_api_keys LIMIT ${TRIED})`

/** Decrypts some of the keys that the gateway has stored. No key, and no part of one, is in the answer. */
export async function tryStoredKeys(
  { query }: Pick<Database, 'query'>,
  decrypt: Decrypter,
): Promise<KeysTried> {
  const stored = await mapDatabaseErrors(() => query(SOME_KEYS, []))
  return {
    tried: stored.length,
    readable: stored.filter(([text]) => typeof text === 'string' && decrypt(text) !== undefined).length,
  }
}
