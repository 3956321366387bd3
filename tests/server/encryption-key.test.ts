import { describe, expect, it, onTestFinished } from 'vitest'
import { startTestApp, type TestAppOptions } from '../support/app.js'
import { FIXTURE_PASSPHRASE } from '../support/fixtures.js'
import { brokenTable } from '../support/odd-table.js'

const WRONG = { ENCRYPTION_KEY: 'not-the-gateways-key' }

async function started(options: TestAppOptions) {
  const service = await startTestApp({ redis: 'empty', ...options })
  onTestFinished(() => service.close())
  const warnings = () => service.logs.filter(({ level }) => level === 40)
  return { service, warnings }
}

describe('a look at the stored keys after the start', () => {
  it('warns once where none decrypts, and of no key', async () => {
    const { service, warnings } = await started({ env: WRONG })
    await service.app.checkEncryptionKey()
    expect(warnings()).toEqual([
      expect.objectContaining({
        tried: expect.any(Number),
        msg: expect.stringMatching(/^no stored key can be decrypted, .* npx affinityql doctor/),
      }),
    ])
    expect(JSON.stringify(service.logs)).not.toContain(WRONG.ENCRYPTION_KEY)
  })

  it.each<[string, TestAppOptions]>([
    ['they decrypt', {}],
    ['they decrypt by a passphrase', { env: { ENCRYPTION_KEY: FIXTURE_PASSPHRASE } }],
    ['there is none', { database: 'schema', env: WRONG }],
  ])('says nothing where %s', async (_what, options) => {
    const { service, warnings } = await started(options)
    await service.app.checkEncryptionKey()
    expect(warnings()).toEqual([])
  })

  it('says nothing where they cannot be read', async () => {
    const { service, warnings } = await started({ env: WRONG })
    await brokenTable(service.databaseUrl, 'api_keys')
    await service.app.checkEncryptionKey()
    expect(warnings()).toEqual([])
  })
})
