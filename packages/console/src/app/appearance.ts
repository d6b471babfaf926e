import { preferences } from '../base/preferences.ts';

const DARK = '(prefers-color-scheme: dark)';

/** Whether pages are dark now, by preference or by the system's. */
export function isDark(): boolean {
  const { theme } = preferences.get();
  return theme === 'dark' || (theme === 'system' && window.matchMedia(DARK).matches);
}

/** Holds theme and density of the page to what the preferences say, from now on. */
export function followAppearance(): void {
  const apply = () => {
    document.body.classList.toggle('awsui-dark-mode', isDark());
    document.body.classList.toggle('awsui-compact-mode', preferences.get().density === 'compact');
    const root = document.documentElement;
    root.dataset.theme = isDark() ? 'dark' : 'light';
    root.style.colorScheme = root.dataset.theme;
  };
  apply();
  preferences.subscribe(apply);
  window.matchMedia(DARK).addEventListener('change', apply);
}
