import type { Database } from '../postgres/database.js'
import type { AdminDirectory } from './admin-directory.js'
import type { FixedFigures } from './fixed-figures.js'
import type { GatewaySchema } from './gateway-schema.js'
import type { GatewayStore } from './gateway-store.js'
import type { Decrypter } from './masking.js'

/** All that the service knows of the gateway whose database it reads. Each gateway has a folder here that makes one. */
export interface Gateway {
  readonly schema: GatewaySchema
  readonly store: GatewayStore
  readonly directory: AdminDirectory
  readonly figures: FixedFigures
  readonly decrypt: Decrypter
  /**
   * Decrypts some of the keys that the gateway has stored. No key, and no part of one, is in the answer.
   * @throws UnavailableError (DATABASE_UNAVAILABLE)
   */
  tryStoredKeys(): Promise<KeysTried>
}

export interface KeysTried {
  readonly tried: number
  readonly readable: number
}

export interface GatewaySecrets {
  /** `ENCRYPTION_KEY` as the gateway has it. */
  readonly encryptionKey: string
}

/** Makes a gateway over a database; it sends no statement yet. */
export type OpenGateway = (database: Database, secrets: GatewaySecrets) => Gateway
