/** What one check came to. */
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
  /** For a person; it holds no secret. */
  readonly message: string
  /** A store did not answer. */
  readonly isOutage?: true
}
