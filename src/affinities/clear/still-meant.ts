import { type AffinityRecord, dimensionValue, hasSamePin } from '../affinity-record.js'
import type { SelectionCheck } from '../affinity-selection.js'

/** What a clear asks again when it comes to remove what was chosen. */
export interface Choice {
  /**
   * Whether a record belongs to what was asked for, also one that was made since. Without it nothing is known of such records.
   * Verdicts are left out.
   */
  readonly isMeant?: ((record: AffinityRecord) => boolean) | undefined
  /** Given if the selection depends on the pin or on figures. */
  readonly isSelected?: SelectionCheck | undefined
  /**
   * Given if the selection depends on verdicts: returns those of the records whose verdict, by rows that are read now, is still
   * the one that was asked for. A record whose value has changed since it was chosen is not asked about: it stays.
   */
  readonly rejudge?: ((records: readonly AffinityRecord[]) => Promise<readonly AffinityRecord[]>) | undefined
}

/** Returns those of the records, as they are now, that are meant as much as when they were chosen. No row is read. */
export function asChosen(
  now: readonly AffinityRecord[],
  chosen: readonly AffinityRecord[],
  { isSelected, rejudge }: Choice,
): readonly AffinityRecord[] {
  const selected = isSelected ? now.filter(isSelected) : now
  if (!rejudge) return selected
  const before = new Map(chosen.map((record) => [record.key, record]))
  return selected.filter((record) => hasJudgedValue(record, before.get(record.key)))
}

/** The same, and judges anew where the choice depends on verdicts. */
export async function stillMeant(
  now: readonly AffinityRecord[],
  chosen: readonly AffinityRecord[],
  choice: Choice,
): Promise<readonly AffinityRecord[]> {
  const same = asChosen(now, chosen, choice)
  return choice.rejudge && same.length > 0 ? choice.rejudge(same) : same
}

const hasJudgedValue = (now: AffinityRecord, before: AffinityRecord | undefined): boolean =>
  before !== undefined &&
  hasSamePin(now, before) &&
  dimensionValue(now, 'epoch') === dimensionValue(before, 'epoch')
