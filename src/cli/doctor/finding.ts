/** A finding is the result of one check. */
export interface Finding {
  readonly check:
    | 'configuration'
    | 'database'
    | 'session'
    | 'tables'
    | 'scheduling'
    | 'rights'
    | 'usage'
    | 'sign-in'
    | 'keys'
    | 'indexes'
    | 'cache'
    | 'changes'
    | 'families'
    | 'clocks'
    | 'nodes'
  readonly state: 'ok' | 'warning' | 'failed'
  /** This sentence is for a person; it holds no secret. */
  readonly message: string
  /** True if a store did not answer. */
  readonly isOutage?: true
}
