import type { OpenGateway } from '../gateway.js'
import { createAdminDirectory } from './admin-directory.js'
import { createDecrypter } from './fernet.js'
import { AETHER_FIGURES } from './figures.js'
import { createGatewayStore } from './gateway-store.js'
import { createAetherSchema } from './schema/aether-schema.js'
import { tryStoredKeys } from './stored-keys.js'

/** Aether, the open-source gateway. Derives the key of its encryption here, once. */
export const createAetherGateway: OpenGateway = (database, { encryptionKey }) => {
  const decrypt = createDecrypter(encryptionKey)
  return {
    schema: createAetherSchema(database),
    store: createGatewayStore(database),
    directory: createAdminDirectory(database),
    figures: AETHER_FIGURES,
    decrypt,
    tryStoredKeys: () => tryStoredKeys(database, decrypt),
  }
}
