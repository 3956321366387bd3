import { createHash } from 'node:crypto'

export type DemoKind =
  | 'user'
  | 'api key'
  | 'provider'
  | 'endpoint'
  | 'provider key'
  | 'global model'
  | 'model'
  | 'system config'

/** Derives the UUID of a demo row from its name. It is the same at every start, so that links into the demo stay valid. */
export function demoId(kind: DemoKind, name: string): string {
  const hex = createHash('sha256').update(`affinityql demo/${kind}/${name}`).digest('hex')
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16)
  const groups = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ]
  return groups.join('-')
}
