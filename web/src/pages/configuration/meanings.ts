import { useTranslation } from 'react-i18next'
import type { CacheConfigQuery } from '../../generated/graphql.js'

type Parameter = CacheConfigQuery['cacheConfig']['parameters'][number]

export interface Meaning {
  readonly words: string
  readonly language: string
}

/** What a parameter means, in the reader's language; in the server's English where the console does not know it. */
export function useMeaning(): (parameter: Pick<Parameter, 'name' | 'description'>) => Meaning {
  const { i18n } = useTranslation()
  return ({ name, description }) => {
    // The dots of a name are no path.
    const words: unknown = i18n.getResource(i18n.language, 'meanings', name, { keySeparator: '\n' })
    return typeof words === 'string'
      ? { words, language: i18n.language }
      : { words: description, language: 'en' }
  }
}
