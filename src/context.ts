import type { Loaders } from './loaders/index.js'
import type { Viewer } from './security/viewer.js'
import type { AffinityReader } from './stores/affinity-reader.js'
import type { GatewayStore } from './stores/gateway-store.js'

/** What a request carries to the resolvers. Stores are ports: no Redis and no Prisma client is in here. */
export interface Context {
  /**
   * Who asks. Looked up when first asked for, so that `login` works beside a token that has expired.
   * @throws UnauthenticatedError without a valid token; UnavailableError where it cannot be checked
   */
  viewer(): Promise<Viewer>
  /** The viewer as far as `viewer()` has found out by now; for the log. */
  knownViewer(): Viewer | undefined
  readonly requestId: string
  /** The client's address, for rate limits and the audit. */
  readonly clientAddress: string
  /** Affinities as of this request. */
  readonly affinities: AffinityReader
  readonly gateway: GatewayStore
  readonly loaders: Loaders
  /** Null where the credentials are wrong. */
  login(email: string, password: string): Promise<LoginSession | null>
  /** The masked form of a stored key; null where it cannot be decrypted. */
  maskStoredKey(stored: string | null): string | null
  /** Unix seconds, with fractions. */
  now(): number
}

export interface LoginSession {
  readonly token: string
  readonly expiresAt: Date
  readonly viewer: Viewer
}
