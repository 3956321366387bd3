import { useTranslation } from 'react-i18next'
import type { CacheConfigQuery } from '../../generated/graphql.js'

type Parameter = CacheConfigQuery['cacheConfig']['parameters'][number]

export interface Meaning {
  readonly words: string
  readonly language: string
}

/** Explains a parameter in the reader's language, or in the server's English if the console does not know it. */
export function useMeaning(): (parameter: Pick<Parameter, 'name' | 'description'>) => Meaning {
  const { i18n } = useTranslation()
  return ({ name, description }) => {
    // A dot in a parameter name does not separate keys.
    const words: unknown = i18n.getResource(i18n.language, 'meanings', name, { keySeparator: '\n' })
    return typeof words === 'string'
      ? { words, language: i18n.language }
      : { words: description, language: 'en' }
  }
}
