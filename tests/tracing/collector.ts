import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A span as OTLP's JSON has it. */
export interface Span {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[]
  readonly status: { readonly code?: number }
}

interface Payload {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: Span['attributes'] }
    readonly scopeSpans: readonly { readonly spans: readonly Span[] }[]
  }[]
}

/** An OpenTelemetry collector that keeps what it is sent. */
export interface Collector {
  readonly url: string
  /** Paths, content types and bodies of all requests. */
  readonly requests: readonly { readonly path: string; readonly type: string; readonly body: string }[]
  spans(): Span[]
  /** The attributes of the service, as the first request names it. */
  resource(): Readonly<Record<string, unknown>>
}

export async function startCollector({ status = 200 } = {}): Promise<Collector> {
  const requests: { path: string; type: string; body: string }[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    requests.push({
      path: request.url ?? '',
      type: request.headers['content-type'] ?? '',
      body: Buffer.concat(chunks).toString('utf8'),
    })
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const payloads = (): Payload[] => requests.map(({ body }) => JSON.parse(body))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    spans: () =>
      payloads().flatMap(({ resourceSpans }) =>
        resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
      ),
    resource: () => attributesOf(payloads()[0]?.resourceSpans[0]?.resource ?? { attributes: [] }),
  }
}

export const attributesOf = ({ attributes }: Pick<Span, 'attributes'>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
