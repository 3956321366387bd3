import { useEffect, useState } from 'react'
import { withTimeout } from '../api/timed-fetch.js'

export const DEMO_GATEWAYS = ['endpoint-keys', 'provider-keys', 'process-memory'] as const
export type DemoGateway = (typeof DEMO_GATEWAYS)[number]

/** The name in DEMO_GATEWAY of the generation that /health/ready names, which it does in the demo alone. */
const wordFor = (generation: unknown): DemoGateway | undefined =>
  typeof generation === 'string'
    ? DEMO_GATEWAYS.find((word) => word === generation.toLowerCase().replace('_', '-'))
    : undefined

/** The hook tells which gateway the demo plays; undefined beside a real gateway, and while it is unknown. */
export function useDemo(): DemoGateway | undefined {
  const [demo, setDemo] = useState<DemoGateway>()
  useEffect(() => {
    const abort = new AbortController()
    fetch('/health/ready', { cache: 'no-store', signal: withTimeout(abort.signal) })
      .then((response) => response.json())
      .then((health: { readonly demo?: unknown }) => setDemo(wordFor(health.demo)))
      // Without an answer the page says nothing of a demo.
      .catch(() => {})
    return () => abort.abort()
  }, [])
  return demo
}
