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

/** The field searches after a pause in typing, or at once with Enter. The key `/` moves the focus here. */
export function SearchField({ value, placeholder, onSearch, width = 320 }: SearchFieldProps) {
  const { t } = useTranslation()
  const [text, setText] = useState(value)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const sent = useRef(value)

  useEffect(() => {
    // A link or the back button changed the address.
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
        // An input method uses Enter to compose Chinese; that press must not search.
        if (event.key === 'Enter' && !event.nativeEvent.isComposing) send(text)
        if (event.key === 'Escape') event.currentTarget.blur()
      }}
    />
  )
}
