import type { AffinityRecord } from '../affinities/affinity-record.js'

/**
 * The value under an affinity key, byte for byte as the gateway's Python writes it: these eight fields in this order,
 * a space after `:` and `,`, floats with a point, and nothing outside ASCII.
 */
export function encodeAffinityValue(record: Omit<AffinityRecord, 'key' | 'affinityKey'>): string {
  const fields = [
    ['provider_id', pythonString(record.providerId)],
    ['endpoint_id', pythonString(record.endpointId)],
    ['key_id', pythonString(record.providerKeyId)],
    ['api_format', pythonString(record.apiFormat)],
    ['model_name', pythonString(record.modelId)],
    ['created_at', pythonFloat(record.createdAt)],
    ['expire_at', pythonFloat(record.expiresAt)],
    ['request_count', String(record.requestCount)],
  ]
  return `{${fields.map(([name, value]) => `"${name}": ${value}`).join(', ')}}`
}

/** From DEL on. Code units, not code points: Python, too, writes a character beyond the BMP as two surrogates. */
const NOT_ASCII = /[\u007f-\uffff]/g

const pythonString = (text: string): string =>
  JSON.stringify(text).replace(NOT_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Times of our age have no exponent, in Python or here. */
const pythonFloat = (value: number): string => (Number.isInteger(value) ? `${value}.0` : String(value))
