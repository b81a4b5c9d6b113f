#!/bin/sh
# Makes sure that there is a redis-server for the tests of the journal on Redis (Valkey comes with the lock).
set -eu
command -v redis-server >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    # Only the program is wanted: no service is to be started by the package.
    guard=/usr/sbin/policy-rc.d
    [ -e "$guard" ] || { printf '#!/bin/sh\nexit 101\n' >"$guard" && chmod +x "$guard" && trap 'rm -f "$guard"' EXIT; }
    if { apt-get update -qq && apt-get install -qq -y --no-install-recommends redis-server; } >/dev/null 2>&1; then
        exit 0
    fi
fi
echo "The journal is not tested on Redis, on Valkey only: install redis-server (on Debian: apt-get install redis-server)."
exit 0
