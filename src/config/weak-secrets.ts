/** Matches placeholders from guides and example files, and the keys that this repository's fixtures publish. */
const PLACEHOLDER =
  /change[-_ ]?(this|me)|do[-_ ]?not[-_ ]?use|your[-_ ]?(jwt|secret|encryption|key)|replace[-_ ]?me|^(dev|development|fixture|demo|test|example|default)[-_ ]|^(secret|password|changeit)$/i

/** RFC 7518 requires 256 bits for HS256. A shorter key can be found by brute force. */
const SHORTEST_SIGNING_KEY_BYTES = 32

const isPlaceholder = (secret: string): boolean => PLACEHOLDER.test(secret) || new Set(secret).size < 5

/** Finds the reasons why the secrets are too weak for production. The sentences do not contain the secrets. */
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
