import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'

export const AUDIT_ACTIONS = [
  'cache_clear_user',
  'cache_clear_api_key',
  'cache_clear_single',
  'cache_clear_provider',
  'cache_clear_filtered',
  'cache_clear_all',
  'pool_sessions_clear',
  'model_mapping_cache_clear_all',
  'model_mapping_cache_clear_by_name',
  'provider_model_mapping_cache_clear',
  'admin_login',
  'admin_logout',
] as const
type AuditAction = (typeof AUDIT_ACTIONS)[number]

const isKnown = (action: string): action is AuditAction => AUDIT_ACTIONS.some((known) => known === action)

export const clearsAffinities = (action: string): boolean => action.startsWith('cache_clear_')

/** Returns the name of an action in the reader's language. Unknown actions of a newer server stay as they are. */
export function useActionName(): (action: string) => string {
  const { t } = useTranslation()
  return useCallback((action) => (isKnown(action) ? t(`audit.actions.${action}`) : action), [t])
}
