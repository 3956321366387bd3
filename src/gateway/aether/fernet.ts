import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  pbkdf2Sync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import type { Decrypter } from '../masking.js'

/**
 * The gateway's encryption of API keys: base64url(Fernet token), the token being base64url itself.
 * Fernet (github.com/fernet/spec): 0x80, 8 bytes of time, 16 of IV, AES-128-CBC, 32 of HMAC-SHA256 over all before it.
 */

const VERSION = 0x80
const IV_START = 9
const BODY_START = 25
const MAC_BYTES = 32
const AES_BLOCK_BYTES = 16

const FERNET_KEY = /^[\w+/-]{43}=$/
/** Kept to one simple loop: a group repeated over a text of megabytes overflows the stack. */
const BASE64URL = /^[\w-]*={0,2}$/

const PBKDF2_ROUNDS = 100_000
const PBKDF2_SALT = createHash('sha256').update('aether-v1').digest().subarray(0, 16)

interface FernetKeys {
  readonly signing: Buffer
  readonly encryption: Buffer
}

/**
 * Blocks for as long as 100,000 rounds of PBKDF2 take (tens of milliseconds) unless the key is a Fernet key already.
 * White space around a Fernet key is no part of it, for Python's decoder skips it too; in a passphrase it counts.
 */
function deriveKeys(encryptionKey: string): FernetKeys {
  const candidate = encryptionKey.trim()
  const key = FERNET_KEY.test(candidate)
    ? Buffer.from(candidate, 'base64url')
    : pbkdf2Sync(encryptionKey, PBKDF2_SALT, PBKDF2_ROUNDS, 32, 'sha256')
  return { signing: key.subarray(0, 16), encryption: key.subarray(16) }
}

/** As strict as Python's decoder about padding, and stricter about letters: Buffer.from skips what is not base64. */
const fromBase64Url = (text: string): Buffer | undefined =>
  text.length % 4 === 0 && BASE64URL.test(text) ? Buffer.from(text, 'base64url') : undefined

/** As Python writes it, with padding. */
const toPaddedBase64Url = (bytes: Uint8Array): string =>
  Buffer.from(bytes).toString('base64').replaceAll('+', '-').replaceAll('/', '_')

const macOf = (keys: FernetKeys, signed: Uint8Array): Buffer =>
  createHmac('sha256', keys.signing).update(signed).digest()

function decryptToken(keys: FernetKeys, token: Buffer): string | undefined {
  const body = token.length - BODY_START - MAC_BYTES
  if (token[0] !== VERSION || body < AES_BLOCK_BYTES || body % AES_BLOCK_BYTES !== 0) return undefined
  const signed = token.subarray(0, -MAC_BYTES)
  if (!timingSafeEqual(macOf(keys, signed), token.subarray(-MAC_BYTES))) return undefined
  const iv = token.subarray(IV_START, BODY_START)
  const decipher = createDecipheriv('aes-128-cbc', keys.encryption, iv)
  try {
    const plain = Buffer.concat([decipher.update(signed.subarray(BODY_START)), decipher.final()])
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(plain)
  } catch {
    return undefined
  }
}

/**
 * Derives the key once, here, and returns the decrypter. The token's time is not judged: stored keys do not expire.
 * @param encryptionKey `ENCRYPTION_KEY` as the gateway has it: a Fernet key, or any passphrase.
 */
export function createDecrypter(encryptionKey: string): Decrypter {
  const keys = deriveKeys(encryptionKey)
  return (stored) => {
    const inner = fromBase64Url(stored ?? '')
    const token = inner && fromBase64Url(inner.toString('latin1'))
    return token && decryptToken(keys, token)
  }
}

export interface EncrypterOptions {
  /** Unix milliseconds; written into the token in whole seconds. */
  readonly now?: () => number
  /** 16 bytes for one token. Only a test may repeat them. */
  readonly newIv?: () => Uint8Array
}

/** Encrypts as the gateway does: for demo rows and tests. */
export function createEncrypter(
  encryptionKey: string,
  { now = Date.now, newIv = () => randomBytes(16) }: EncrypterOptions = {},
): (plain: string) => string {
  const keys = deriveKeys(encryptionKey)
  return (plain) => {
    const head = Buffer.alloc(IV_START)
    head[0] = VERSION
    head.writeBigUInt64BE(BigInt(Math.floor(now() / 1000)), 1)
    const iv = newIv()
    const cipher = createCipheriv('aes-128-cbc', keys.encryption, iv)
    const signed = Buffer.concat([head, iv, cipher.update(plain, 'utf8'), cipher.final()])
    const token = toPaddedBase64Url(Buffer.concat([signed, macOf(keys, signed)]))
    return toPaddedBase64Url(Buffer.from(token, 'latin1'))
  }
}
