import { createHash } from 'node:crypto'
import { hashSync } from '@node-rs/bcrypt'
import { createEncrypter } from '../../src/gateway/aether/fernet.js'
import { psql } from '../support/servers/postgres.js'

/** Planted where a real one would be; none of them may come out anywhere. */
export const CANARIES = {
  jwtSecret: 'canary-jwt-secret-a1-and-so-long-that-it-may-sign',
  encryptionKey: 'canary-encryption-key-b2',
  providerKey: 'sk-canary1-provider-key-c3-the-rest-of-it-WXYZ',
  apiKey: 'sk-canary2-api-key-d4-the-rest-of-it-WXYZ',
  shortKey: 'canaryK5',
  databasePassword: 'canary-database-password-e5',
  cachePassword: 'canary-cache-password-f6',
  staticToken: 'canary-static-token-g7',
  password: 'canary-password-h8',
  passwordHash: hashSync('canary-password-h8', 4),
  /** In columns, rows and keys that nobody reads. */
  unread: 'canary-unread-i9',
}
/** The middle of each, so that a masked, quoted or shortened copy counts as well. */
const MARKERS = [
  'canary-jwt-secret',
  'canary-encryption-key',
  'provider-key-c3',
  'api-key-d4',
  'canaryK5',
  'canary-database-password',
  'canary-cache-password',
  'canary-static-token',
  'canary-password-h8',
  'canary-unread-i9',
  CANARIES.passwordHash,
  CANARIES.passwordHash.slice(7, 29),
]

/** What of them is in a text. */
export const secretsIn = (text: string): string[] => MARKERS.filter((marker) => text.includes(marker))

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** The environment of a service with these secrets; its stores' passwords are in their URLs. */
export const CANARY_ENVIRONMENT = {
  JWT_SECRET_KEY: CANARIES.jwtSecret,
  ENCRYPTION_KEY: CANARIES.encryptionKey,
  ADMIN_TOKENS: `canary:admin:${sha256(CANARIES.staticToken)}`,
} as const

/** Puts them into the rows of the fixtures; gives the provider keys as they are stored. */
export function plantCanaries(databaseUrl: string): string {
  const encrypt = createEncrypter(CANARIES.encryptionKey)
  const encryptedKey = encrypt(CANARIES.providerKey)
  psql(databaseUrl, `UPDATE provider_api_keys SET api_key = '${encryptedKey}'`)
  psql(databaseUrl, `UPDATE api_keys SET key_encrypted = '${encrypt(CANARIES.apiKey)}'`)
  psql(databaseUrl, `UPDATE api_keys SET key_encrypted = '${encrypt(CANARIES.shortKey)}' WHERE is_standalone`)
  psql(databaseUrl, `UPDATE users SET password_hash = '${CANARIES.passwordHash}'`)
  const { unread } = CANARIES
  const json = `'{"authorization": "${unread}"}'`
  psql(databaseUrl, `UPDATE api_keys SET key_hash = '${unread}-' || id`)
  psql(databaseUrl, `UPDATE provider_api_keys SET note = '${unread}', last_error_msg = '${unread}'`)
  psql(databaseUrl, `UPDATE provider_endpoints SET headers = ${json}, config = ${json}, proxy = ${json}`)
  psql(databaseUrl, `UPDATE providers SET config = ${json}`)
  psql(databaseUrl, `UPDATE models SET config = ${json}`)
  psql(
    databaseUrl,
    `INSERT INTO system_configs (id, key, value, created_at, updated_at) VALUES ('canary', 'smtp_password', '"${unread}"', now(), now())`,
  )
  return encryptedKey
}
