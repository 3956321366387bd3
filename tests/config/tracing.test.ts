import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load-config.js'
import { problemsOf } from './support.js'

function settings(env: Readonly<Record<string, string>>) {
  const problems = problemsOf(env)
  return problems.length > 0 ? problems : loadConfig(env).tracing
}

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }

describe('OpenTelemetry’s variables', () => {
  it('switch traces on by naming a collector, or the exporter', () => {
    expect(settings(ENDPOINT)).toEqual({ protocol: 'http/protobuf' })
    expect(settings({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector/v1/traces' })).toBeDefined()
    expect(settings({ OTEL_TRACES_EXPORTER: 'otlp' })).toBeDefined()
  })

  it('leave them off otherwise', () => {
    expect(settings({})).toBeUndefined()
    expect(settings({ OTEL_SERVICE_NAME: 'affinityql' })).toBeUndefined()
    expect(settings({ ...ENDPOINT, OTEL_SDK_DISABLED: 'TRUE' })).toBeUndefined()
    expect(settings({ ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' })).toBeUndefined()
  })

  it('choose the protocol, of traces before that of everything', () => {
    const everything = { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }
    expect(settings(everything)).toEqual({ protocol: 'http/json' })
    expect(settings({ ...everything, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf' })).toEqual({
      protocol: 'http/protobuf',
    })
  })

  it.each([
    [{ ...ENDPOINT, OTEL_TRACES_EXPORTER: 'zipkin' }, 'OTEL_TRACES_EXPORTER must be otlp or none'],
    [
      { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
      'OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf or http/json',
    ],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'user:secret@host' }, 'OTEL_EXPORTER_OTLP_ENDPOINT must be an http://'],
  ])('are refused where they name what is not here: %o', (env, sentence) => {
    const problems = settings(env)
    expect(problems).toEqual([expect.stringContaining(sentence)])
    expect(String(problems)).not.toContain('secret')
  })
})
