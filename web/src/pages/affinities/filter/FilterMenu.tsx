import { Button, Popover } from '@mantine/core'
import { IconFilter } from '@tabler/icons-react'
import { type KeyboardEvent, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { part } from '../../../app/part.js'
import type { ViewControl } from '../view-state.js'

const FilterForm = part(async () => (await import('./FilterForm.js')).FilterForm)

export function FilterMenu({ control }: { readonly control: ViewControl }) {
  const { t } = useTranslation()
  const [opened, setOpened] = useState(false)
  // Esc closes the topmost alone: an open list of choices before the form that it lies over.
  const onKeyDown = ({ key, currentTarget }: KeyboardEvent) => {
    if (key === 'Escape' && !currentTarget.querySelector('[aria-expanded=true]')) setOpened(false)
  }
  return (
    <Popover
      opened={opened}
      onChange={setOpened}
      position="bottom-start"
      width={340}
      trapFocus
      returnFocus
      closeOnEscape={false}
      shadow="md"
    >
      <Popover.Target>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconFilter size={14} />}
          onClick={() => setOpened((before) => !before)}
        >
          {t('affinities.addFilter')}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={t('affinities.addFilter')} onKeyDown={onKeyDown}>
        <Suspense>{opened && <FilterForm control={control} />}</Suspense>
      </Popover.Dropdown>
    </Popover>
  )
}
