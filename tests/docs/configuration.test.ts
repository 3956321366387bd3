import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config.js'
import { ConfigurationError } from '../../src/errors.js'

const GATEWAY = {
  DATABASE_URL: 'postgresql://db.example/gateway',
  REDIS_URL: 'redis://cache.example',
  ENCRYPTION_KEY: 'a key',
  JWT_SECRET_KEY: 'another key',
}
const { REDIS_URL: _, ...WITHOUT_REDIS } = GATEWAY

/** Some variables are read only where others are set. */
const SITUATIONS: readonly Readonly<Record<string, string>>[] = [
  {},
  GATEWAY,
  { ...WITHOUT_REDIS, REDIS_SENTINELS: 'one', REDIS_PASSWORD: 'secret', REDIS_USERNAME: 'me' },
  { ...WITHOUT_REDIS, REDIS_CLUSTER_NODES: 'one' },
  { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' },
  { TRUSTED_DOCUMENTS_ONLY: 'true' },
]

/** Every name that is asked for while the configuration is loaded. */
function variablesRead(): Set<string> {
  const names = new Set<string>()
  for (const situation of SITUATIONS) {
    const environment = new Proxy<Record<string, string | undefined>>(situation, {
      get(target, name) {
        if (typeof name === 'string') names.add(name)
        return Reflect.get(target, name)
      },
    })
    try {
      loadConfig(environment)
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error
    }
  }
  return names
}

/** First column of every table in docs/configuration.md. */
const documented = new Set(
  readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
    .split('\n')
    .flatMap((line) => [...(/^\| (`[^|]+)\|/.exec(line)?.[1] ?? '').matchAll(/`([A-Z][A-Z0-9_]+)`/g)])
    .map(([, name = '']) => name),
)

describe('docs/configuration.md', () => {
  const read = variablesRead()

  it('has every variable that the service reads', () => {
    expect(read.size).toBeGreaterThan(20)
    expect([...read].filter((name) => !documented.has(name))).toEqual([])
  })

  it('has no variable that the service does not read', () => {
    expect([...documented].filter((name) => !read.has(name))).toEqual([])
  })
})
