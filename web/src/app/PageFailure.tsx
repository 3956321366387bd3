import { Button } from '@mantine/core'
import { Component, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Message } from '../components/Message.js'

interface PageBoundaryProps {
  /** Another page is another try. */
  readonly page: string
  readonly children: ReactNode
}

interface PageBoundaryState {
  readonly error: unknown
  readonly page: string
}

/** Keeps a page that cannot be drawn from taking the navigation with it. */
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

/** Most often the page's chunk is gone because the console was updated meanwhile. */
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
