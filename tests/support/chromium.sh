#!/bin/sh
# Chromium without what it would draw around a page: each window's address bar has a page of its own for what it proposes,
# which is half a second of a processor. Of several --disable-features the last counts alone, so these join Playwright's.
for arg in "$@"; do
  case $arg in --disable-features=*) arg=$arg,WebUIOmniboxPopup,WebUIOmniboxAimPopup ;; esac
  set -- "$@" "$arg"
  shift
done
exec "${OPENTRAIL_CHROMIUM:-/usr/bin/chromium}" "$@"
