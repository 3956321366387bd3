import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { demoSecretsIn } from '../../src/demo/index.js'
import { newTokenText } from '../../src/session/static-tokens.js'

function directory(): string {
  const made = mkdtempSync(join(tmpdir(), 'affinityql-demo-secrets-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return join(made, 'not', 'there', 'yet')
}

it('are the same after a restart, and another demo has others', () => {
  const mine = directory()
  const first = demoSecretsIn(mine, newTokenText)
  expect(first.token).toMatch(/^aql_/)
  expect(demoSecretsIn(mine, newTokenText)).toEqual(first)
  expect(demoSecretsIn(directory(), newTokenText)).not.toEqual(first)
})

it('can be read by this account alone', () => {
  const mine = directory()
  demoSecretsIn(mine, newTokenText)
  expect(statSync(join(mine, 'demo-secrets.json')).mode & 0o777).toBe(0o600)
})

it('are made anew where somebody has changed the file', () => {
  const mine = directory()
  demoSecretsIn(mine, newTokenText)
  const file = join(mine, 'demo-secrets.json')
  for (const text of ['', '{', '{"token":"short","jwtSecretKey":""}']) {
    writeFileSync(file, text)
    const { token } = demoSecretsIn(mine, newTokenText)
    expect(readFileSync(file, 'utf8')).toContain(token)
    expect(demoSecretsIn(mine, newTokenText).token).toBe(token)
  }
})
