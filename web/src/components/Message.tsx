import type { ReactNode } from 'react'

interface MessageProps {
  readonly title: string
  readonly hint: string
  readonly level?: 1 | 2
  readonly children?: ReactNode
}

/** The message takes the place of missing data: it says why, and what to do. */
export function Message({ title, hint, level = 2, children }: MessageProps) {
  const Heading = level === 1 ? 'h1' : 'h2'
  return (
    <div className="message">
      <Heading>{title}</Heading>
      <p>{hint}</p>
      {children}
    </div>
  )
}
