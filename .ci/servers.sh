#!/bin/sh
# Unpacks the real servers that the transport tests talk to into .servers/, beside each other and
# without installing anything: vsftpd and ProFTPD exclude one another as Debian packages.
# Needs apt-get and dpkg-deb, no root. Safe to run again: what is there is left alone.
set -eu
umask 022

cd "$(dirname "$0")/.."
tree="$PWD/.servers"
kept="$tree/packages"
mkdir -p "$kept"

# The packages that a plain installation of $@ would bring in on this machine, one a line.
wanted() {
    apt-get -s -o Debug::NoLocking=1 --no-install-recommends install "$@" 2>/dev/null |
        awk '$1 == "Inst" { print $2 }'
}

unpack() {
    for package in "$@"; do
        [ -e "$kept/$package" ] && continue
        work="$(mktemp -d)"
        # apt's own unprivileged user must be able to write there when this runs as root.
        chmod 0777 "$work"
        (cd "$work" && apt-get -q download "$package" >/dev/null)
        for archive in "$work"/*.deb; do
            dpkg-deb -x "$archive" "$tree"
        done
        rm -rf "$work"
        touch "$kept/$package"
    done
}

for server in "usr/sbin/vsftpd vsftpd" "usr/sbin/sshd openssh-server" \
    "usr/sbin/proftpd proftpd-core proftpd-mod-crypto"; do
    program="${server%% *}"
    packages="${server#* }"
    if [ -x "/$program" ] || [ -x "$tree/$program" ]; then
        echo "$program: there"
        continue
    fi
    # The named packages come last, so that a program in the tree means that its libraries are too.
    # shellcheck disable=SC2086
    unpack $(wanted $packages | grep -vxF "$(echo "$packages" | tr ' ' '\n')") $packages
    echo "$program: unpacked"
done
