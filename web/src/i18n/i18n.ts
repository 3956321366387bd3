import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'
import { fetchPart } from '../app/part.js'
import { isolatedText } from '../components/shown-text.js'
import { en } from './en.js'

export const LANGUAGES = { en: 'English', 'zh-CN': '简体中文' } as const
export type Language = keyof typeof LANGUAGES

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation'
    resources: { translation: typeof en }
  }
}

const STORAGE_KEY = 'affinityql.language'

const isLanguage = (text: string | null): text is Language => text !== null && text in LANGUAGES

/** The stored choice, else the first of the browser's languages that there is a catalogue for. */
function preferredLanguage(): Language {
  const stored = localStorage.getItem(STORAGE_KEY)
  if (isLanguage(stored)) return stored
  for (const tag of navigator.languages) {
    if (tag.toLowerCase().startsWith('zh')) return 'zh-CN'
    if (tag.toLowerCase().startsWith('en')) return 'en'
  }
  return 'en'
}

/** Chinese is fetched when it is chosen: who reads English does not load it. */
async function loadCatalogue(language: Language): Promise<void> {
  if (i18next.hasResourceBundle(language, 'translation')) return
  const { zhCN, zhMeanings } = await fetchPart(() => import('./zh-CN.js'))
  i18next.addResourceBundle(language, 'translation', zhCN)
  i18next.addResourceBundle(language, 'meanings', zhMeanings)
}

export async function startI18n(): Promise<void> {
  const language = preferredLanguage()
  await i18next.use(initReactI18next).init({
    lng: 'en',
    fallbackLng: 'en',
    resources: { en: { translation: en } },
    // React escapes markup; here it is the direction of names that must not get out.
    interpolation: { escapeValue: true, escape: isolatedText },
  })
  try {
    await switchTo(language)
  } catch {
    // Words in English are more than none.
    await switchTo('en')
  }
}

async function switchTo(language: Language): Promise<void> {
  await loadCatalogue(language)
  await i18next.changeLanguage(language)
  document.documentElement.lang = language
}

export async function chooseLanguage(language: Language): Promise<void> {
  localStorage.setItem(STORAGE_KEY, language)
  await switchTo(language)
}
