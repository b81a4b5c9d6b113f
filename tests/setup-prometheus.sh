#!/bin/sh
# Makes sure that there is a Prometheus, with the tools of it and of Alertmanager, for the tests of rules and boards.
set -eu
missing=
for program in prometheus promtool amtool; do command -v "$program" >/dev/null 2>&1 || missing=$program; done
[ "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    # Only the programs are wanted: no service is to be started by the package.
    guard=/usr/sbin/policy-rc.d
    [ -e "$guard" ] || { printf '#!/bin/sh\nexit 101\n' >"$guard" && chmod +x "$guard" && trap 'rm -f "$guard"' EXIT; }
    if { apt-get update -qq && apt-get install -qq -y --no-install-recommends prometheus prometheus-alertmanager; } >/dev/null 2>&1; then
        exit 0
    fi
fi
echo "No Prometheus for the tests of its rules: install prometheus and alertmanager (on Debian: apt-get install prometheus prometheus-alertmanager) to run them."
exit 0
