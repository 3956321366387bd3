/** A user of the gateway, as far as the row decides who may come in. */
export interface AdminAccount {
  readonly id: string
  readonly username: string
  readonly email: string
  readonly passwordHash: string
  readonly role: 'admin' | 'user'
  readonly isActive: boolean
  readonly isDeleted: boolean
}

/** The accounts that may sign in. Every method throws UnavailableError (DATABASE_UNAVAILABLE) when the database does not answer. */
export interface AdminDirectory {
  findById(id: string): Promise<AdminAccount | null>
  /** Exact match. */
  findByEmail(email: string): Promise<AdminAccount | null>
  /** The password hash of any one admin, undefined where there is none. */
  sampleHash(): Promise<string | undefined>
}
