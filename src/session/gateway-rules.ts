import type { AdminAccount, ManagementToken, TokenHolder } from '../gateway/gateway.js'
import { isAddressIn } from '../util/network.js'
import type { AccessClaims } from './jwt.js'

/** Milliseconds by which a token's `created_at` may differ from its account's. */
const CREATED_AT_TOLERANCE_MS = 1_000

/** A time as Python and Rust write it. One without a zone means UTC to them, and local time to `Date`. */
const ISO_TIME = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?$/i

export const mayComeIn = (account: AdminAccount | null): account is AdminAccount =>
  account?.isActive === true && !account.isDeleted

/**
 * Returns true if the gateway that signed a token still accepts it: only its rows tell, for a sign-out there, a revocation
 * and a sign-in on the same device put no token on the blacklist. A gateway without sessions has no further rules.
 * @param deviceId what the client sent as its device
 * @param now Unix milliseconds
 */
export function isAcceptedByGateway(
  claims: AccessClaims,
  { generation, account, session }: TokenHolder,
  deviceId: string | null,
  now: number,
): boolean {
  if (session === undefined) return true
  if (session === null || session.isRevoked || session.expiresAt.getTime() <= now) return false
  if (deviceId !== session.deviceId) return false
  if (generation === 'PROCESS_MEMORY') return claims.role !== 'user'
  return claims.createdAt == null || isSameTime(claims.createdAt, account?.createdAt ?? null)
}

function isSameTime(claim: unknown, time: Date | null): boolean {
  const [, day, clock, zone = 'Z'] = typeof claim === 'string' ? (ISO_TIME.exec(claim) ?? []) : []
  if (day === undefined || time === null) return false
  const claimed = Date.parse(`${day}T${clock}${zone}`)
  return Math.abs(claimed - time.getTime()) <= CREATED_AT_TOLERANCE_MS
}

/** Returns true if a management token may be used at this time from this address. */
export const isUsable = (
  { isActive, expiresAt, allowedIps }: ManagementToken,
  address: string,
  now: number,
): boolean =>
  isActive &&
  (expiresAt === null || expiresAt.getTime() > now) &&
  (allowedIps === null || allowedIps.some((range) => isAddressIn(address, range)))
