/** Why pages are closed when their test is over, as Playwright then says it of all that was still asked of them. */
export const TEST_IS_OVER = 'its test is over, and the page is closed';

/**
 * Whether an error is only that. A page goes on asking until it is closed, and whoever listened in has nobody left to tell:
 * that is no failure of a test which has passed. All else that nobody catches is, a page that closes by itself among it.
 */
export const isOfClosedPage = ({ message }: { readonly message?: string }): boolean =>
  message?.includes(TEST_IS_OVER) === true;
