#!/bin/sh
# Makes sure that there is what the operators' examples are for: both proxies, and systemd's own judge of units.
set -eu
PATH="$PATH:/usr/sbin:/sbin"
missing=
for program in nginx caddy systemd-analyze systemd-sysusers; do command -v "$program" >/dev/null 2>&1 || missing="$missing $program"; done
[ "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    # Only the programs are wanted: no service is to be started by the packages.
    guard=/usr/sbin/policy-rc.d
    [ -e "$guard" ] || { printf '#!/bin/sh\nexit 101\n' >"$guard" && chmod +x "$guard" && trap 'rm -f "$guard"' EXIT; }
    apt-get update -qq >/dev/null 2>&1 || true
    all=yes
    for package in nginx caddy systemd; do # one by one: where one is not to be had, the others are
        apt-get install -qq -y --no-install-recommends "$package" >/dev/null 2>&1 || all=
    done
    [ "$all" ] && exit 0
fi
echo "Examples for operators are not tested by their own programs; missing:$missing (on Debian: apt-get install nginx caddy systemd)."
exit 0
