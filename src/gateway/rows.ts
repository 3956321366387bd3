import type { Prisma } from '../generated/prisma/client.js'

/*
 * The columns that affinityql reads of each of the gateway's tables. Wide JSON columns (a provider key's
 * utilisation samples, say) are never fetched: a page of 1,000 must not drag them along.
 */

export const USER_COLUMNS = {
  id: true,
  username: true,
  email: true,
  role: true,
  isActive: true,
  isDeleted: true,
} as const satisfies Prisma.UserSelect

export const API_KEY_COLUMNS = {
  id: true,
  userId: true,
  name: true,
  keyEncrypted: true,
  isStandalone: true,
  isActive: true,
  expiresAt: true,
  createdAt: true,
} as const satisfies Prisma.ApiKeySelect

export const PROVIDER_COLUMNS = {
  id: true,
  name: true,
  displayName: true,
  isActive: true,
} as const satisfies Prisma.ProviderSelect

export const ENDPOINT_COLUMNS = {
  id: true,
  providerId: true,
  apiFormat: true,
  baseUrl: true,
  isActive: true,
} as const satisfies Prisma.EndpointSelect

export const PROVIDER_KEY_COLUMNS = {
  id: true,
  endpointId: true,
  name: true,
  apiKey: true,
  rateMultiplier: true,
  cacheTtlMinutes: true,
  isActive: true,
  expiresAt: true,
  circuitBreakerOpen: true,
} as const satisfies Prisma.ProviderKeySelect

export const GLOBAL_MODEL_COLUMNS = {
  id: true,
  name: true,
  displayName: true,
  isActive: true,
} as const satisfies Prisma.GlobalModelSelect

/** A model that an active provider serves, under the names that it is configured with. */
export interface ServingModelRow {
  readonly globalModelId: string
  readonly providerModelName: string
  /** The column's JSON: a list of names with priorities, or null. */
  readonly providerModelMappings: unknown
  readonly provider: ProviderRow
}

export type UserRow = Prisma.UserGetPayload<{ select: typeof USER_COLUMNS }>
export type ApiKeyRow = Prisma.ApiKeyGetPayload<{ select: typeof API_KEY_COLUMNS }>
export type ProviderRow = Prisma.ProviderGetPayload<{ select: typeof PROVIDER_COLUMNS }>
export type EndpointRow = Prisma.EndpointGetPayload<{ select: typeof ENDPOINT_COLUMNS }>
export type ProviderKeyRow = Prisma.ProviderKeyGetPayload<{ select: typeof PROVIDER_KEY_COLUMNS }>
export type GlobalModelRow = Prisma.GlobalModelGetPayload<{ select: typeof GLOBAL_MODEL_COLUMNS }>
