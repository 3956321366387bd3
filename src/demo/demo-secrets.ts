import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const DemoSecrets = z.object({ token: z.string().min(32), jwtSecretKey: z.string().min(32) })

/** The secrets of one demo: its static token, and the key that signs its sessions. */
export type DemoSecrets = z.infer<typeof DemoSecrets>

const FILE = 'demo-secrets.json'

/**
 * Returns the secrets of the demo whose database is in this directory, and makes them at its first start: a token that
 * somebody has copied, and a session in a browser, survive a restart. Only this account may read the file.
 * @param newToken makes a static token
 */
export function demoSecretsIn(directory: string, newToken: () => string): DemoSecrets {
  const file = join(directory, FILE)
  const known = read(file)
  if (known) return known
  const secrets = { token: newToken(), jwtSecretKey: randomBytes(32).toString('base64url') }
  try {
    mkdirSync(directory, { recursive: true })
    writeFileSync(file, `${JSON.stringify(secrets)}\n`, { mode: 0o600 })
  } catch {
    // The database is opened in the same directory next, and says what is wrong with it.
  }
  return secrets
}

function read(file: string): DemoSecrets | undefined {
  try {
    return DemoSecrets.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    // It is not there yet, or somebody has changed it: new ones replace it.
    return undefined
  }
}
