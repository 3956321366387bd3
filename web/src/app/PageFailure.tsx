import { Button } from '@mantine/core'
import { Component, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Message } from '../components/Message.js'

interface PageBoundaryProps {
  /** A new page clears the failure of the page before. */
  readonly page: string
  readonly children: ReactNode
}

interface PageBoundaryState {
  readonly error: unknown
  readonly page: string
}

/** The boundary keeps the navigation usable if a page cannot be drawn. */
export class PageBoundary extends Component<PageBoundaryProps, PageBoundaryState> {
  override state: PageBoundaryState = { error: null, page: this.props.page }

  static getDerivedStateFromError(error: unknown): Partial<PageBoundaryState> {
    return { error }
  }

  static getDerivedStateFromProps(
    { page }: PageBoundaryProps,
    state: PageBoundaryState,
  ): Partial<PageBoundaryState> | null {
    return page === state.page ? null : { error: null, page }
  }

  override render(): ReactNode {
    return this.state.error === null ? this.props.children : <PageFailure error={this.state.error} />
  }
}

/** The usual cause is an update of the console: the script of the page no longer exists. */
function PageFailure({ error }: { readonly error: unknown }) {
  const { t } = useTranslation()
  const chunkIsGone = error instanceof Error && /import|module|preload/i.test(error.message)
  return (
    <div className="content" role="alert">
      <Message
        level={1}
        title={t('app.broken')}
        hint={chunkIsGone ? t('app.newVersion') : t('app.brokenHint')}
      >
        <Button size="xs" onClick={() => location.reload()}>
          {t('app.reload')}
        </Button>
      </Message>
    </div>
  )
}
