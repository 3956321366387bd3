import { IconTrash } from '@tabler/icons-react'
import { type ClearTarget, openClear } from '../../clears/clear-store.js'

export function ClearButton({ target, label }: { readonly target: ClearTarget; readonly label: string }) {
  return (
    <button type="button" className="copy" aria-label={label} title={label} onClick={() => openClear(target)}>
      <IconTrash size={15} stroke={1.6} />
    </button>
  )
}
