import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'

export const AUDIT_ACTIONS = [
  'cache_clear_user',
  'cache_clear_api_key',
  'cache_clear_single',
  'cache_clear_provider',
  'cache_clear_filtered',
  'cache_clear_all',
  'model_mapping_cache_clear_all',
  'model_mapping_cache_clear_by_name',
  'provider_model_mapping_cache_clear',
  'admin_login',
] as const
type AuditAction = (typeof AUDIT_ACTIONS)[number]

const isKnown = (action: string): action is AuditAction => AUDIT_ACTIONS.some((known) => known === action)

/** An action in the reader's words; one that a newer server writes as it is. */
export function useActionName(): (action: string) => string {
  const { t } = useTranslation()
  return useCallback((action) => (isKnown(action) ? t(`audit.actions.${action}`) : action), [t])
}
