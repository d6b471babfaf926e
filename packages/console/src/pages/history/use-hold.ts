import { type RefObject, useEffect, useState } from 'react';

/** Whether somebody is looking at the rows: the pointer or the focus is among them, or they are scrolled away from the top. */
export function useHold(place: RefObject<HTMLElement | null>, isOn: boolean): boolean {
  const [isHeld, setHeld] = useState(false);
  useEffect(() => {
    const target = place.current;
    if (!isOn || !target) return setHeld(false);
    const look = () => {
      const rows = target.querySelector('tbody');
      const isScrolled = target.getBoundingClientRect().top < 0;
      setHeld(isScrolled || rows?.matches(':hover, :focus-within') === true);
    };
    const events = ['pointerover', 'pointerout', 'focusin', 'focusout'] as const;
    // A focus that moves is nowhere for a moment: it is asked for in the next frame.
    const later = () => requestAnimationFrame(look);
    for (const name of events) target.addEventListener(name, later);
    window.addEventListener('scroll', later, { passive: true });
    return () => {
      for (const name of events) target.removeEventListener(name, later);
      window.removeEventListener('scroll', later);
    };
  }, [place, isOn]);
  return isHeld;
}
