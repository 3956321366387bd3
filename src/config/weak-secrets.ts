/** What guides and example files put where a secret belongs, and the keys that this repository's fixtures publish. */
const PLACEHOLDER =
  /change[-_ ]?(this|me)|do[-_ ]?not[-_ ]?use|your[-_ ]?(jwt|secret|encryption|key)|replace[-_ ]?me|^(dev|development|fixture|demo|test|example|default)[-_ ]|^(secret|password|changeit)$/i

/** 256 bits, as RFC 7518 asks of HS256: shorter ones are found by trying. */
const SHORTEST_SIGNING_KEY_BYTES = 32

const isPlaceholder = (secret: string): boolean => PLACEHOLDER.test(secret) || new Set(secret).size < 5

/** Sentences for an operator on what in production must not be, without the secrets themselves. */
export function weakSecrets(secrets: {
  readonly jwtSecretKey: string
  readonly encryptionKey: string
}): string[] {
  const problems: string[] = []
  if (Buffer.byteLength(secrets.jwtSecretKey) < SHORTEST_SIGNING_KEY_BYTES) {
    problems.push('JWT_SECRET_KEY is shorter than 32 bytes: with NODE_ENV=production that is refused.')
  }
  if (isPlaceholder(secrets.jwtSecretKey)) {
    problems.push(
      'JWT_SECRET_KEY is an example that everybody knows: with NODE_ENV=production that is refused.',
    )
  }
  if (isPlaceholder(secrets.encryptionKey)) {
    problems.push(
      'ENCRYPTION_KEY is an example that everybody knows: with NODE_ENV=production that is refused.',
    )
  }
  return problems
}
