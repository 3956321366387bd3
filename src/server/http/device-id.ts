/** The header by which a client of the gateway names its device. Sessions of the later gateways are bound to it. */
export const DEVICE_HEADER = 'x-client-device-id'
/** The same as a parameter of the URL, for clients that can send no header. URLs are in no log and in no trace. */
const DEVICE_PARAMETER = 'client_device_id'

/** Returns what the client says its device is; null if it says nothing. The header goes first. */
export function deviceIdOf({ headers, url }: Pick<Request, 'headers' | 'url'>): string | null {
  const header = headers.get(DEVICE_HEADER)
  if (header) return header
  return url.includes(DEVICE_PARAMETER) ? new URL(url).searchParams.get(DEVICE_PARAMETER) || null : null
}
