/** What of OpenTelemetry's variables this service decides itself; the rest is read by OpenTelemetry: see provider.ts. */
export interface TracingConfig {
  /** How spans are encoded for the collector. */
  readonly protocol: 'http/protobuf' | 'http/json'
}

const PROTOCOLS = ['http/protobuf', 'http/json'] as const
const ENDPOINTS = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'] as const

/**
 * Whether traces are sent, by OpenTelemetry's own rules, but for one: with no variable set nothing is sent, where the
 * standard would try a collector on this machine.
 * @param problems is added to; never a URL's text, which may hold a password
 */
export function readTracing(
  read: (name: string) => string | undefined,
  problems: string[],
): TracingConfig | undefined {
  if (read('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return undefined
  const exporter = read('OTEL_TRACES_EXPORTER')
  const endpoints = ENDPOINTS.filter(read)
  if (exporter === 'none' || (exporter === undefined && endpoints.length === 0)) return undefined
  if (exporter !== undefined && exporter !== 'otlp') {
    problems.push(`OTEL_TRACES_EXPORTER must be otlp or none; it is ${JSON.stringify(exporter)}.`)
  }
  for (const name of endpoints) {
    if (!isHttpUrl(read(name) ?? '')) problems.push(`${name} must be an http:// or https:// URL.`)
  }
  const text =
    read('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') ?? read('OTEL_EXPORTER_OTLP_PROTOCOL') ?? PROTOCOLS[0]
  const protocol = PROTOCOLS.find((known) => known === text)
  if (protocol === undefined) {
    problems.push(
      `OTEL_EXPORTER_OTLP_PROTOCOL must be one of ${PROTOCOLS.join(', ')}; it is ${JSON.stringify(text)}.`,
    )
    return undefined
  }
  return { protocol }
}

const isHttpUrl = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
