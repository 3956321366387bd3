/** A provider key that requests can go to. */
export interface StandInTarget {
  readonly providerId: string
  readonly endpointId: string
  readonly providerKeyId: string
}

/** A request of one API key. Only the Rust generation has sessions. */
export interface StandInRequest {
  readonly apiKeyId: string
  readonly apiFormat: string
  readonly model: string
  readonly clientFamily?: string
  /** 64 hexadecimal digits. */
  readonly sessionHash?: string
}

/** A request that was sent to a provider and is not answered yet. */
export interface UnderWay {
  readonly target: StandInTarget
  /** The provider has answered: the gateway writes the pin. */
  finish(): Promise<void>
}

/** The names that a clear of one pin gives. Without a session it means every session. */
export interface OnePin {
  readonly apiKeyId: string
  readonly endpointId: string
  readonly model: string
  readonly apiFormat: string
  readonly clientFamily?: string | undefined
  readonly sessionHash?: string | undefined
}

/** A process of a gateway: what it keeps in memory, and what its admin routes do to that. */
export interface StandInProcess {
  begin(request: StandInRequest): Promise<UnderWay>
  /** @returns how many pins went */
  clearOne(pin: OnePin): Promise<number>
  clearApiKeys(ids: readonly string[]): Promise<number>
  clearProvider(providerId: string): Promise<number>
  flush(): Promise<number>
  /** The keys that its list of affinities shows. */
  list(): Promise<readonly string[]>
  /** A user or an API key was written through its API. */
  apiKeyWritten(): void
  /** A provider, endpoint, provider key or model was changed through its API. */
  routesChanged(): void
  /** Pinned requests that this process has served since its start. */
  readonly hits: number
  /** Other requests that this process has served since its start. */
  readonly misses: number
}
