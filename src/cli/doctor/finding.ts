/** A finding is the result of one check. */
export interface Finding {
  readonly check:
    | 'configuration'
    | 'database'
    | 'tables'
    | 'rights'
    | 'keys'
    | 'indexes'
    | 'cache'
    | 'changes'
    | 'clocks'
  readonly state: 'ok' | 'warning' | 'failed'
  /** This sentence is for a person; it holds no secret. */
  readonly message: string
  /** True if a store did not answer. */
  readonly isOutage?: true
}
