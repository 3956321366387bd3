import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createDecrypter, createEncrypter } from '../../src/gateway/aether/fernet.js'
import { maskKey } from '../../src/gateway/masking.js'
import { FIXTURE_PASSPHRASE, FIXTURE_SECRETS } from '../support/fixtures.js'
import { gatewayRows } from './gateway-rows.js'

/** The key and tokens of the Fernet specification's own vectors. */
const SPEC_KEY = 'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4='
const SPEC_HELLO =
  'gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA=='
const SPEC_TIME = Date.parse('1985-10-26T01:20:00-07:00')

const toPaddedBase64Url = (bytes: Buffer): string =>
  bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_')

/** The database holds the token's text as base64url once more. */
const stored = (token: string): string => toPaddedBase64Url(Buffer.from(token, 'latin1'))

const flipBit = (text: string, index: number): string => {
  const bytes = Buffer.from(text, 'base64url')
  bytes[index] = (bytes[index] ?? 0) ^ 1
  return toPaddedBase64Url(bytes)
}

describe('the Fernet specification', () => {
  const decrypt = createDecrypter(SPEC_KEY)

  it('verify.json: the token decrypts to hello', () => {
    expect(decrypt(stored(SPEC_HELLO))).toBe('hello')
  })

  it('generate.json: the same time and IV give the same token', () => {
    const newIv = () => Uint8Array.from({ length: 16 }, (_, index) => index)
    const encrypt = createEncrypter(SPEC_KEY, { now: () => SPEC_TIME, newIv })
    expect(encrypt('hello')).toBe(stored(SPEC_HELLO))
  })

  // The sizes, paddings and the IV of these are wrong under a good HMAC.
  it.each([
    [
      'incorrect mac',
      'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykQUFBQUFBQUFBQQ==',
    ],
    ['too short', 'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA=='],
    [
      'invalid base64',
      '%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==',
    ],
    [
      'payload size not multiple of block size',
      'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7mrfyudzUm',
    ],
    [
      'payload padding error',
      'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNYIbkuKNqOhw==',
    ],
    [
      'incorrect IV (causes padding error)',
      'gAAAAAAdwJ6xBQECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAkLhFLHpGtDBRLRTZeUfWgHSv49TF2AUEZ1TIvcZjK1zQ==',
    ],
  ])('invalid.json: %s', (_, token) => {
    expect(decrypt(stored(token))).toBeUndefined()
  })

  // A stored key has no time to live, so these two of invalid.json are good here; both hold an empty text.
  it.each([
    [
      'far-future time',
      'gAAAAAAdwStRAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAnja1xKYyhd-Y6mSkTOyTGJmw2Xc2a6kBd-iX9b_qXQcw==',
    ],
    [
      'long past time',
      'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==',
    ],
  ])('a %s does not matter', (_, token) => {
    expect(decrypt(stored(token))).toBe('')
  })
})

describe('the encryption key', () => {
  /** Written by Python's cryptography under the passphrase, with the gateway's derivation. */
  const PASSPHRASE = 'pässwörd 钥匙'
  const BY_PYTHON =
    'Z0FBQUFBQnJBMEJIQUFFQ0F3UUZCZ2NJQ1FvTERBME9ELTAzMzJ3QUxQdGxTWHh0OTlHUFA4bUN5cDYwU0o4em5RVDI3N1NBSEhsRWhfUGx1TzUzVGhJOEJYdlJNazN2S3hlTFJTNkFNdm03aFBTSkxtTmpKc2c9'
  const NOT_UTF8_BY_PYTHON =
    'Z0FBQUFBQnJBMEJIQUFFQ0F3UUZCZ2NJQ1FvTERBME9EMWdsbVVMTkxRWENpczg5RTRwYVBfZnBXd01paDF0R2QxQnRnM1BnaDlEQVJKV25vWnZVV2Vja0h0ekFGS1ZRVWc9PQ=='

  it('that is no Fernet key is a passphrase', () => {
    expect(createDecrypter(PASSPHRASE)(BY_PYTHON)).toBe('sk-模型-🔑-key')
  })

  it('gives nothing for a plain text that is not UTF-8', () => {
    expect(createDecrypter(PASSPHRASE)(NOT_UTF8_BY_PYTHON)).toBeUndefined()
  })

  it.each([
    ['with a line break', `${SPEC_KEY}\n`],
    ['in the other base64 alphabet', SPEC_KEY.replaceAll('_', '/').replaceAll('-', '+')],
  ])('is the same Fernet key %s', (_, key) => {
    expect(createDecrypter(key)(stored(SPEC_HELLO))).toBe('hello')
  })

  it.each([
    ['without its padding', SPEC_KEY.slice(0, -1)],
    ['with a character more', `A${SPEC_KEY}`],
  ])('%s is a passphrase', (_, key) => {
    expect(createDecrypter(key)(stored(SPEC_HELLO))).toBeUndefined()
    expect(createDecrypter(key)(createEncrypter(key)('sk-1'))).toBe('sk-1')
  })

  it('keeps the white space of a passphrase', () => {
    expect(createDecrypter('secret')(createEncrypter('secret ')('sk-1'))).toBeUndefined()
  })
})

describe("the gateway's rows", () => {
  const decrypt = createDecrypter(FIXTURE_PASSPHRASE)
  const keysOf = (table: string, column: string) => gatewayRows(table).map((row) => row[column] ?? null)
  const apiKeys = keysOf('api_keys', 'key_encrypted')
  const providerKeys = keysOf('provider_api_keys', 'api_key')

  /** Computed with Python's cryptography from the same rows. */
  it('decrypt, 55 of 60 API keys and all 40 provider keys', () => {
    expect(apiKeys).toHaveLength(60)
    expect(apiKeys.filter((key) => key === null)).toHaveLength(2)
    expect(apiKeys.filter((key) => key === 'not-a-token')).toHaveLength(3)
    expect(apiKeys.filter((key) => decrypt(key) !== undefined)).toHaveLength(55)
    expect(providerKeys).toHaveLength(40)
    expect(providerKeys.filter((key) => decrypt(key) !== undefined)).toHaveLength(40)
  })

  it('decrypt by the key that is derived from the passphrase as by the passphrase', () => {
    const byDerivedKey = createDecrypter(FIXTURE_SECRETS.encryptionKey)
    expect([...apiKeys, ...providerKeys].map(byDerivedKey)).toEqual(
      [...apiKeys, ...providerKeys].map(decrypt),
    )
  })

  it.each([
    ['api_keys', 'key_encrypted', '735dc327-1ce2-42d6-ab4c-0859d26542ee', 'sk-uzQqm********Te8r'],
    ['api_keys', 'key_encrypted', '3e8d3a59-11de-464e-a086-bb7497eb8333', 'sk-A0BhK********WYt4'],
    ['api_keys', 'key_encrypted', 'ef0d3b89-d08c-4c0a-a8f8-2e74c72a386f', 'sk********'],
    ['provider_api_keys', 'api_key', '6476e4d0-1eab-4d26-ad7e-05f6ccaf68bc', 'sk-up-Fd********tS6b'],
    ['provider_api_keys', 'api_key', 'c2bbd3b0-f9bc-46e3-8f35-5776ebf24935', 'sk-up-77********kclz'],
  ])('%s.%s of %s is shown as %s', (table, column, id, masked) => {
    const row = gatewayRows(table).find((candidate) => candidate['id'] === id)
    expect(maskKey(decrypt(row?.[column] ?? null) ?? 'not decrypted')).toBe(masked)
  })

  it('give nothing under another key', () => {
    const other = createDecrypter('fixture-encryption-kez')
    expect([...apiKeys, ...providerKeys].filter((key) => other(key) !== undefined)).toEqual([])
  })
})

describe('what cannot be decrypted', () => {
  const encrypt = createEncrypter(SPEC_KEY)
  const decrypt = createDecrypter(SPEC_KEY)

  it.each([
    ['null', null],
    ['an empty text', ''],
    ['a plain key', 'sk-ant-api03-AAAABBBBCCCCDDDD'],
    ['a token that is not wrapped again', SPEC_HELLO],
    ['a wrapped plain key', stored('sk-ant-api03-AAAABBBBCCCCDDDD')],
    ['another version', stored(flipBit(SPEC_HELLO, 0))],
    ['other characters around it', ` ${stored(SPEC_HELLO)}`],
    ['padding alone', '===='],
    ['megabytes of base64', 'A'.repeat(8_000_000)],
    ['megabytes of base64 that end badly', `${'A'.repeat(7_999_999)}!`],
    ['Chinese', '模型'.repeat(60)],
    ['a lone surrogate', '\ud800'],
  ])('%s is undefined', (_, text) => {
    expect(decrypt(text)).toBeUndefined()
  })

  it('every single changed byte is noticed', () => {
    const bytes = Buffer.from(SPEC_HELLO, 'base64url').length
    for (let index = 0; index < bytes; index++) {
      expect(decrypt(stored(flipBit(SPEC_HELLO, index)))).toBeUndefined()
    }
  })

  it('every truncation is noticed, of the token and of what wraps it', () => {
    const whole = stored(SPEC_HELLO)
    for (let length = 0; length < whole.length; length++) {
      expect(decrypt(whole.slice(0, length))).toBeUndefined()
    }
    for (let length = 0; length < SPEC_HELLO.length; length++) {
      expect(decrypt(stored(SPEC_HELLO.slice(0, length)))).toBeUndefined()
    }
  })

  it('no text at all makes it throw', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => decrypt(text) === undefined))
    fc.assert(fc.property(fc.base64String({ minLength: 96 }), (text) => decrypt(stored(text)) === undefined))
  })

  it('while any text that was encrypted comes back', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => decrypt(encrypt(text)) === text))
    expect(decrypt(encrypt('\ufeffbom'))).toBe('\ufeffbom')
  })

  it('and the same text is never encrypted alike twice', () => {
    expect(encrypt('sk-1')).not.toBe(encrypt('sk-1'))
  })
})
