#!/bin/sh
# Makes sure that there is a browser for the screen tests; safe to run again and again.
set -eu
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    if { apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium; } >/dev/null 2>&1; then
        exit 0
    fi
fi
echo "No browser for the screen tests: install chromium (on Debian: apt-get install chromium) to run them."
exit 0
