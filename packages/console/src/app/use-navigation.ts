import { useState } from 'react';
import { usePreferences } from '../base/preferences.ts';
import { useStore } from '../base/store.ts';

/** Up to this width the navigation covers the page: Cloudscape's own bound. */
const query = window.matchMedia('(max-width: 688px)');
const narrow = {
  get: () => query.matches,
  subscribe(listener: () => void): () => void {
    query.addEventListener('change', listener);
    return () => query.removeEventListener('change', listener);
  },
};

/**
 * Whether the side navigation is open. Beside the page it stays as it was left; over a narrow one it is opened for a moment,
 * and that it closes, as it does when a window becomes narrow, is nobody's preference.
 */
export function useNavigation(): readonly [isOpen: boolean, set: (isOpen: boolean) => void] {
  const [{ navigationOpen }, prefer] = usePreferences();
  const isNarrow = useStore(narrow);
  const [covers, setCovers] = useState(false);
  const set = (isOpen: boolean) => (query.matches ? setCovers(isOpen) : prefer({ navigationOpen: isOpen }));
  return [isNarrow ? covers : navigationOpen, set];
}
