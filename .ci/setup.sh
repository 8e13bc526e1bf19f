#!/bin/sh
# Brings a machine to where the tests and the rehearsal run: Python packages into .venv, Debian packages by
# apt-get, FTP and SSH servers unpacked into .servers. Says nothing and takes no time when all is there.
# It never starts a service. Exit code 2: something is missing that a person has to install.
set -eu
umask 022
cd "$(dirname "$0")/.."

stamp=.venv/.setup
debian_packages="chromium libimage-exiftool-perl lftp"

say() { printf 'setup: %s\n' "$*" >&2; }

stop() {
    say "$*"
    exit 2
}

have() { command -v "$1" >/dev/null 2>&1; }

# Daemons live in sbin, which is not on everybody's PATH.
server() { have "$1" || [ -x "/usr/sbin/$1" ] || [ -x ".servers/usr/sbin/$1" ]; }

programs() { { have chromium || have chromium-browser || have google-chrome; } && have exiftool && have lftp; }

servers() { server vsftpd && server proftpd && server sshd; }

is_debian() { [ -e /etc/debian_version ] && have apt-get; }

digest() { cat pyproject.toml constraints.txt .ci/setup.sh .ci/servers.sh | cksum; }

ready() {
    [ -r "$stamp" ] && [ "$(cat "$stamp")" = "$(digest) $PWD" ] && [ -x .venv/bin/publisher ] &&
        { ! is_debian || { programs && servers; }; }
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        sudo "$@"
    else
        stop "Debian packages are missing and this user may not install them; as root, run:
setup:   apt-get update && apt-get install python3-venv $debian_packages
setup: then start again"
    fi
}

lists() {
    for file in /var/lib/apt/lists/*Packages*; do
        [ -e "$file" ] && return 0
    done
    return 1
}

update() {
    say "reading the package lists"
    as_root apt-get -qq -o DPkg::Lock::Timeout=300 update ||
        stop "apt-get update failed; is there a network and a working /etc/apt/sources.list?"
}

# Packages may bring services. A policy file that forbids starting any is put up while they are installed,
# unless the machine has one of its own.
install_packages() {
    lists || update
    say "installing $*"
    guard=/usr/sbin/policy-rc.d
    [ -e "$guard" ] && guard=
    if [ -n "$guard" ]; then
        trap 'as_root rm -f "$guard"' EXIT
        trap 'exit 130' INT TERM HUP
        as_root sh -c "printf '#!/bin/sh\nexit 101\n' >$guard && chmod 755 $guard"
    fi
    set -- env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
        -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 install "$@"
    log="$(mktemp)"
    if ! as_root "$@" </dev/null >"$log" 2>&1; then
        update
        as_root "$@" </dev/null >"$log" 2>&1 || {
            cat "$log" >&2
            rm -f "$log"
            stop "apt-get install failed"
        }
    fi
    rm -f "$log"
    if [ -n "$guard" ]; then
        as_root rm -f "$guard"
        trap - EXIT INT TERM HUP
    fi
}

recent() { have "$1" && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
        if recent "$candidate"; then
            echo "$candidate"
            return 0
        fi
    done
    return 1
}

make_venv() {
    .venv/bin/python -c 'import pip' 2>/dev/null && recent .venv/bin/python && return 0
    if ! python="$(find_python)"; then
        is_debian || stop "install Python 3.11 or newer with its venv module"
        install_packages python3 python3-venv
        python="$(find_python)" || stop "this release has no Python 3.11; set PYTHON to a newer one"
    fi
    # Debian ships venv without ensurepip until python3-venv is there.
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        is_debian || stop "$python has no venv module; install it with your package manager"
        install_packages python3-venv
        "$python" -c 'import ensurepip, venv' 2>/dev/null ||
            stop "$python has no venv module; set PYTHON to one that has"
    fi
    say "making .venv"
    "$python" -m venv --clear .venv
}

install_python_packages() {
    say "installing the Python packages (a few minutes the first time)"
    .venv/bin/python -m pip --disable-pip-version-check --no-input -qq install \
        -c constraints.txt -e '.[dev]' || stop "pip could not install the packages, see above"
}

install_system_packages() {
    if is_debian; then
        # shellcheck disable=SC2086
        programs || install_packages $debian_packages
        if ! servers; then
            lists || update
            say "unpacking the FTP and SSH servers of the tests into .servers"
            sh .ci/servers.sh >/dev/null || stop "the servers could not be unpacked, see above"
        fi
    elif ! programs; then
        stop "install Chromium, ExifTool and lftp with your package manager, then start again
setup: optional, for more tests: vsftpd, ProFTPD and an OpenSSH server (they need not run)"
    fi
}

# Without compiled modules every command would compile them again where Python may not write any.
compile() { .venv/bin/python -m compileall -q publisher channels || true; }

if ready; then
    compile
    exit 0
fi
make_venv
install_system_packages
install_python_packages
echo "$(digest) $PWD" >"$stamp"
compile
say "ready"
