import { hash as hashByBcrypt, verify as verifyBcrypt } from '@node-rs/bcrypt'
import { createBoundedQueue } from '../util/bounded-queue.js'

/** The bcrypt cost that is assumed if there is no administrator's hash to read it from; the gateway's default. */
const DEFAULT_COST = 12
/** The longest accepted password, in UTF-16 units. bcrypt uses only 72 bytes, so that no real password is longer. */
export const MAX_PASSWORD_LENGTH = 1024
/** Comparisons that run at once. Each keeps one of libuv's four threads busy, which files and names of hosts need, too. */
const COMPARISONS_AT_ONCE = 2
/**
 * Comparisons that may wait, of known networks and of others apart. At bcrypt's cost 12 a comparison takes about 0.3 s, so
 * that the last one waits for about 3 s.
 */
const COMPARISONS_WAITING = 16
/** Seconds after which a sign-in that may not even wait can be tried again. */
const RETRY_AFTER_SECONDS = 5

export interface PasswordVerifierOptions {
  /** Returns the hash of any existing account; undefined if there is none. May throw UnavailableError. */
  readonly sampleHash: () => Promise<string | undefined>
  /** Compares a password with a hash; by default bcrypt's function. Tests replace it to see which hashes are compared. */
  readonly compare?: (password: string, hash: string) => Promise<boolean>
}

export interface PasswordVerifier {
  /**
   * Checks a password against a hash. For an unknown account (`storedHash` is undefined) or a malformed hash the result is
   * false, after the same work.
   * @param isKnown true if the comparison goes before those of clients who have not signed in to this account before
   * @throws UnavailableError from `sampleHash`; RateLimitedError if too many comparisons wait
   */
  verify(password: string, storedHash: string | undefined, isKnown?: boolean): Promise<boolean>
}

/** The salt has 16 bytes and the hash 23 in bcrypt's base 64, so that few characters may stand last in each of them. */
const BCRYPT_HASH =
  /^\$2[abxy]\$(?<cost>0[4-9]|[12]\d|3[01])\$(?<salt>[./\dA-Za-z]{21}[.Oeu])[./\dA-Za-z]{30}[.CGKOSWaeimquy26]$/

/** Returns the bcrypt cost of a hash, 4 to 31; undefined for a malformed hash, which bcrypt rejects at once. */
function costOf(hash: string): number | undefined {
  const cost = BCRYPT_HASH.exec(hash)?.groups?.['cost']
  return cost === undefined ? undefined : Number(cost)
}

/**
 * Creates a hash of the given cost that no known password has: a random salt and 23 zero bytes. The salt is that of a hash
 * of the lowest cost, which takes 1 ms: the library's own `genSalt` pads it, and bcrypt rejects a padded salt at once.
 */
async function dummyHash(cost: number): Promise<string> {
  const salt = BCRYPT_HASH.exec(await hashByBcrypt('', 4))?.groups?.['salt']
  return `$2b$${String(cost).padStart(2, '0')}$${salt}${'.'.repeat(31)}`
}

/**
 * Compares passwords so that unknown accounts take as long as known ones: a dummy hash has the gateway's own cost, which is
 * read once from an existing hash. The first attempt reads it, whatever its account, since the time of that query must not
 * reveal which accounts exist.
 */
export function createPasswordVerifier({
  sampleHash,
  compare = verifyBcrypt,
}: PasswordVerifierOptions): PasswordVerifier {
  let cached: string | undefined
  const turns = createBoundedQueue({
    atOnce: COMPARISONS_AT_ONCE,
    waiting: COMPARISONS_WAITING,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    refusal: 'Too many sign-ins wait.',
  })

  const dummy = async (): Promise<string> => {
    if (cached !== undefined) return cached
    const cost = costOf((await sampleHash()) ?? '')
    const hash = await dummyHash(cost ?? DEFAULT_COST)
    if (cost !== undefined) cached ??= hash
    return hash
  }

  return {
    async verify(password, storedHash, isKnown = false) {
      if (password.length > MAX_PASSWORD_LENGTH) return false
      const standIn = await dummy()
      const comparable = storedHash !== undefined && costOf(storedHash) !== undefined
      const matches = await turns.run(isKnown ? 'first' : 'last', () =>
        compare(password, comparable ? storedHash : standIn),
      )
      return comparable && matches
    },
  }
}
