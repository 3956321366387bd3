import { toDomainError } from './database-errors.js'

/** Runs a read or a write of the database; a driver's failure comes out as a domain error. */
export async function guardDatabase<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw toDomainError(error)
  }
}
