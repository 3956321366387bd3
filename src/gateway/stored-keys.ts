import type { Database } from '../postgres/database.js'
import type { Decrypter } from './fernet.js'

/** So many keys of each kind are enough to tell a wrong ENCRYPTION_KEY from a few rows that cannot be read. */
const TRIED = 20

export interface KeysTried {
  readonly tried: number
  readonly readable: number
}

/** Decrypts some of the keys that the gateway has stored. No key, and no part of one, is in the answer. */
export async function tryStoredKeys({ prisma }: Database, decrypt: Decrypter): Promise<KeysTried> {
  const [apiKeys, providerKeys] = await Promise.all([
    prisma.apiKey.findMany({
      select: { keyEncrypted: true },
      where: { keyEncrypted: { not: null } },
      take: TRIED,
    }),
    prisma.providerKey.findMany({ select: { apiKey: true }, take: TRIED }),
  ])
  const stored = [
    ...apiKeys.map(({ keyEncrypted }) => keyEncrypted),
    ...providerKeys.map(({ apiKey }) => apiKey),
  ]
  return {
    tried: stored.length,
    readable: stored.filter((text) => decrypt(text) !== undefined).length,
  }
}
