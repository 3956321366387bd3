import { genSalt, parseOptions, verify as verifyBcrypt } from '@node-rs/bcrypt'

/** The bcrypt cost that is assumed if no administrator's hash tells it; the gateway's own default. */
const DEFAULT_COST = 12
/** UTF-16 units. bcrypt reads 72 bytes, so nothing longer can be meant. */
export const MAX_PASSWORD_LENGTH = 1024

export interface PasswordVerifierOptions {
  /** The hash of any existing account, undefined where there is none. May throw UnavailableError. */
  readonly sampleHash: () => Promise<string | undefined>
  /** bcrypt's comparison; a seam to see which hashes are compared. */
  readonly compare?: (password: string, hash: string) => Promise<boolean>
}

export interface PasswordVerifier {
  /**
   * Does the password fit the hash? `storedHash` is undefined for an unknown account: the answer is false, after the
   * same work. A malformed hash is treated alike.
   * @throws UnavailableError from `sampleHash`.
   */
  verify(password: string, storedHash: string | undefined): Promise<boolean>
}

/** The cost of a hash that bcrypt would spend time on, 4 to 31; undefined for one it would reject at once. */
function costOf(hash: string): number | undefined {
  try {
    return parseOptions(hash).cost
  } catch {
    return undefined
  }
}

/** A hash of the given cost that no known password has: a random salt and 23 zero bytes. Making it costs nothing. */
const dummyHash = async (cost: number): Promise<string> => (await genSalt({ cost })) + '.'.repeat(31)

/**
 * Compares passwords so that unknown accounts take as long as known ones: the cost is the gateway's own, learnt once
 * from an existing hash. It is learnt on whatever attempt comes first, for that query must not tell accounts apart.
 */
export function createPasswordVerifier({
  sampleHash,
  compare = verifyBcrypt,
}: PasswordVerifierOptions): PasswordVerifier {
  let learnt: string | undefined

  const dummy = async (): Promise<string> => {
    if (learnt !== undefined) return learnt
    const cost = costOf((await sampleHash()) ?? '')
    const hash = await dummyHash(cost ?? DEFAULT_COST)
    if (cost !== undefined) learnt ??= hash
    return hash
  }

  return {
    async verify(password, storedHash) {
      if (password.length > MAX_PASSWORD_LENGTH) return false
      const standIn = await dummy()
      const comparable = storedHash !== undefined && costOf(storedHash) !== undefined
      const matches = await compare(password, comparable ? storedHash : standIn)
      return comparable && matches
    },
  }
}
