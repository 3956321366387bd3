import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import { expectedPins, fixturePins, type Pin, type Rows, readRows } from './affinity-model.js'

/** Initialization vectors of the keys that were really decrypted. They are random, so that each identifies a stored key. */
const decrypted: string[] = []
const { createDecipheriv } = crypto
const ivOf = (stored: string): string => {
  const token = Buffer.from(Buffer.from(stored, 'base64url').toString('latin1'), 'base64url')
  return token.subarray(9, 25).toString('hex')
}

const NOW = Date.now()

describe('stored keys', () => {
  let service: TestApp
  let rows: Rows
  const pins = fixturePins(NOW)
  beforeEach(async () => {
    service = await startTestApp({ now: () => NOW })
    rows = await readRows(service.databaseUrl)
    decrypted.length = 0
    vi.spyOn(crypto, 'createDecipheriv').mockImplementation(
      (...args: Parameters<typeof createDecipheriv>) => {
        decrypted.push(Buffer.from(args[2] as Uint8Array).toString('hex'))
        return createDecipheriv(...args)
      },
    )
    syncBuiltinESMExports()
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    syncBuiltinESMExports()
    await service.close()
  })

  const ask = async (document: string) => {
    const { data, errors } = await service.query(document)
    expect(errors).toEqual([])
    return data
  }
  const ciphertexts = (page: readonly Pin[]) =>
    [
      ...new Set(
        page.flatMap(({ affinityKey, providerKeyId }) => [
          rows.api_keys.get(affinityKey)?.['key_encrypted'],
          rows.provider_api_keys.get(providerKeyId)?.['api_key'],
        ]),
      ),
    ]
      .filter((stored) => typeof stored === 'string')
      .map(ivOf)
      .sort()

  it('are decrypted for the records of the page alone, each once', async () => {
    const page = expectedPins(pins, rows, NOW, {}).slice(0, 20)
    await ask('{ affinities(first: 20) { nodes { apiKey { maskedKey } providerKey { maskedKey } } } }')
    expect([...decrypted].sort()).toEqual(ciphertexts(page))
    expect(decrypted.length).toBeGreaterThan(10)
  })

  it('are not decrypted again for the next request', async () => {
    const document = '{ affinities(first: 20) { nodes { apiKey { maskedKey } providerKey { maskedKey } } } }'
    const first = await ask(document)
    const times = decrypted.length
    expect(await ask(document)).toEqual(first)
    expect(decrypted).toHaveLength(times)
  })

  it('are not decrypted where no masked key is asked for', async () => {
    await ask(
      '{ affinities(first: 1000) { nodes { apiKey { id name user { apiKeys { id } } } providerKey { id name } } } }',
    )
    expect(decrypted).toEqual([])
  })

  it('are not decrypted to search, filter or order all records', async () => {
    await ask(`{ affinities(first: 1, search: "a", filter: { stale: true }, orderBy: { field: CREATED_AT }) {
      totalCount nodes { apiKey { maskedKey } } } }`)
    expect(decrypted.length).toBeLessThanOrEqual(1)
  })
})
