import { CloseButton, TextInput } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

const PAUSE_MS = 250

interface SearchFieldProps {
  readonly value: string
  readonly placeholder: string
  readonly onSearch: (text: string) => void
  readonly width?: number | string
}

/** Searches as one types, after a pause; Enter does not wait for it. `/` leads here from anywhere on the page. */
export function SearchField({ value, placeholder, onSearch, width = 320 }: SearchFieldProps) {
  const { t } = useTranslation()
  const [text, setText] = useState(value)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const sent = useRef(value)

  useEffect(() => {
    // The address changed otherwise: by a link, or by going back.
    if (value === sent.current) return
    sent.current = value
    setText(value)
  }, [value])
  useEffect(() => () => clearTimeout(timer.current), [])

  const send = (next: string) => {
    clearTimeout(timer.current)
    sent.current = next.trim()
    onSearch(sent.current)
  }
  const type = (next: string) => {
    setText(next)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => send(next), PAUSE_MS)
  }

  return (
    <TextInput
      type="search"
      size="xs"
      w={width}
      maxLength={255}
      aria-label={placeholder}
      placeholder={placeholder}
      data-search
      value={text}
      leftSection={<IconSearch size={15} />}
      rightSection={
        text !== '' && (
          <CloseButton
            size="xs"
            aria-label={t('common.clearSearch')}
            onClick={() => {
              setText('')
              send('')
            }}
          />
        )
      }
      onChange={(event) => type(event.currentTarget.value)}
      onKeyDown={(event) => {
        // An input method composes Chinese with Enter as well: that one is not for us.
        if (event.key === 'Enter' && !event.nativeEvent.isComposing) send(text)
        if (event.key === 'Escape') event.currentTarget.blur()
      }}
    />
  )
}
