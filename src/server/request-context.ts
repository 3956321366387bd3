import type { Context } from '../context.js'
import { UnauthenticatedError } from '../errors.js'
import type { AffinitySource } from '../live/affinity-source.js'
import { createLoaders } from '../loaders/index.js'
import type { Authenticator } from '../security/authenticator.js'
import type { KeyMasker } from '../security/masking.js'
import type { Viewer } from '../security/viewer.js'
import type { GatewayStore } from '../stores/gateway-store.js'

/** What all requests share. */
export interface ContextDeps {
  readonly authenticator: Authenticator
  readonly affinitySource: AffinitySource
  readonly gateway: GatewayStore
  readonly maskStoredKey: KeyMasker
  /** Unix milliseconds. */
  readonly now: () => number
}

export interface RequestFacts {
  readonly authorization: string | null
  readonly requestId: string
  readonly clientAddress: string
}

/** The context of one request. Nothing is asked of any store before it is needed. */
export function createContext(deps: ContextDeps, facts: RequestFacts): Context {
  let viewer: Promise<Viewer> | undefined
  let knownViewer: Viewer | undefined

  async function authenticate(): Promise<Viewer> {
    const found = await deps.authenticator.authenticate(facts.authorization)
    if (!found) throw new UnauthenticatedError('Send a token: Authorization: Bearer …')
    knownViewer = found
    return found
  }

  return {
    viewer() {
      viewer ??= authenticate()
      return viewer
    },
    knownViewer: () => knownViewer,
    requestId: facts.requestId,
    clientAddress: facts.clientAddress,
    affinities: deps.affinitySource.open(),
    gateway: deps.gateway,
    loaders: createLoaders(deps.gateway),
    login: (email, password) => deps.authenticator.login(email, password, facts.clientAddress),
    maskStoredKey: deps.maskStoredKey,
    now: () => deps.now() / 1_000,
  }
}
