#!/bin/sh
# Sets apppw-tui up on Debian 12 or 13: the program, its user and store, the portal by ssh on port 2222,
# the daemon's units. As root, from a checkout of the repository:
#
#   apt-get install -y python3-venv openssh-server
#   recipes/install.sh                  # or: recipes/install.sh apppw_tui-1.0.0-py3-none-any.whl
#
# It can be run again, with the same version or another: what is there is kept, edited configuration
# too. Every version has a folder of its own in /opt/apppw-tui, and the link `current` says which is
# used; to roll back, let it point to the one before:
#
#   ln -sfn 1.0.0 /opt/apppw-tui/current
#
# recipes/uninstall.sh undoes it. pip fetches what the program needs; PIP_NO_INDEX and PIP_FIND_LINKS
# make it take that from a folder.
set -eu
umask 022
unset CDPATH
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

here=$(cd -- "$(dirname -- "$0")" && pwd)
what=${1-$(dirname -- "$here")}
opt=/opt/apppw-tui
store=/var/lib/apppw-tui
kiosk=/usr/local/libexec/apppw-kiosk
sshd_config=/etc/ssh/apppw_sshd_config

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

# A program or a unit: ours, replaced.
put() {
    install -C -D -m "$1" -- "$here/$2" "$3"
}

# Configuration: an administrator's, kept.
keep() {
    if [ ! -e "$2" ]; then
        install -D -m 644 -- "$1" "$2"
    elif ! cmp -s -- "$1" "$2"; then
        echo "install.sh: $2 was edited, or is older, and is kept; compare recipes/sshd/${1##*/}." >&2
    fi
}

[ "$(id -u)" = 0 ] || fail "only root can install; try sudo."
[ -x /usr/sbin/sshd ] || fail "first: apt-get install openssh-server"
/usr/bin/python3 -c 'import ensurepip, venv' 2>/dev/null || fail "first: apt-get install python3-venv"
/usr/bin/python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Python 3.11 or newer is needed."
command -v systemd-sysusers >/dev/null || fail "first: apt-get install systemd"
[ -e "$what" ] || fail "$what is not there."
if [ -e /usr/local/bin/apppw-tui ] && [ ! -L /usr/local/bin/apppw-tui ]; then
    fail "/usr/local/bin/apppw-tui is there and not a link; move it away first."
fi
home=$(getent passwd apppw | cut -d: -f6)
[ "${home:-$store}" = "$store" ] || fail "the user apppw is there already, and is somebody else."

scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

# The wheel. Built from a copy: nothing is left in the checkout.
case $what in
*.whl) wheel=$what ;;
*)
    mkdir "$scratch/checkout"
    tar -C "$what" -cf - apppw_tui pyproject.toml README.md LICENSE | tar -C "$scratch/checkout" -xf -
    /usr/bin/python3 -m venv "$scratch/venv"
    "$scratch/venv/bin/pip" wheel -q --no-deps -w "$scratch" "$scratch/checkout"
    wheel=$(echo "$scratch"/*.whl)
    ;;
esac
version=${wheel##*/apppw_tui-}
version=${version%%-*}
case $version in
[0-9]*) ;;
*) fail "$wheel is not a wheel of apppw-tui." ;;
esac

# The program. A folder without its mark was left half made.
if [ -e "$opt/$version/.complete" ]; then
    echo "Version $version is in $opt already, and stays as it is."
else
    rm -rf -- "${opt:?}/$version"
    mkdir -p "$opt"
    /usr/bin/python3 -m venv "$opt/$version"
    "$opt/$version/bin/pip" install -q --disable-pip-version-check "$wheel"
    "$opt/$version/bin/apppw-tui" --version
    : >"$opt/$version/.complete"
fi
ln -sfn "$version" "$opt/.next"
mv -T "$opt/.next" "$opt/current"
mkdir -p /usr/local/bin /usr/local/sbin
ln -sfn "$opt/current/bin/apppw-tui" /usr/local/bin/apppw-tui
put 644 ../docs/apppw-tui.1 /usr/local/share/man/man1/apppw-tui.1

# The user, who owns the store and has the portal for a shell; and the store.
put 755 sshd/apppw-kiosk "$kiosk"
put 644 systemd/apppw-tui.sysusers.conf /etc/sysusers.d/apppw-tui.conf
put 644 systemd/apppw-tui.tmpfiles.conf /etc/tmpfiles.d/apppw-tui.conf
systemd-sysusers /etc/sysusers.d/apppw-tui.conf
[ "$(getent passwd apppw | cut -d: -f7)" = "$kiosk" ] || usermod --shell "$kiosk" apppw
case $(getent shadow apppw | cut -d: -f2) in
'!'* | '*'*) ;;
*) usermod --lock apppw ;;
esac
systemd-tmpfiles --create /etc/tmpfiles.d/apppw-tui.conf
# Who is enforced, for Dovecot: made of the accounts where it is missing, and mended.
/usr/local/bin/apppw-tui --store "$store" store tidy
if [ ! -e /etc/apppw-tui/config.toml ]; then
    mkdir -p /etc/apppw-tui
    # The kiosk takes the store from nowhere else.
    sed "s|^#store = .*|store = \"$store\"|" "$here/config.toml" >/etc/apppw-tui/config.toml
fi

# The portal by ssh. OpenSSH 9.8 and later have to be told the PAM service's name.
cp -- "$here/sshd/apppw_sshd_config" "$scratch/apppw_sshd_config"
if ! /usr/sbin/sshd -t -f /dev/null -o PAMServiceName=apppw-sshd 2>&1 | grep -qi 'bad config'; then
    sed -i 's/^#PAMServiceName /PAMServiceName /' "$scratch/apppw_sshd_config"
fi
ln -sfn /usr/sbin/sshd /usr/local/sbin/apppw-sshd
keep "$here/sshd/apppw-sshd" /etc/pam.d/apppw-sshd
keep "$scratch/apppw_sshd_config" "$sshd_config"
mkdir -p /run/sshd
/usr/local/sbin/apppw-sshd -t -f "$sshd_config"

# The units. New sessions and questions find the new version; sessions that are open stay.
put 644 sshd/apppw-sshd.service /etc/systemd/system/apppw-sshd.service
put 644 systemd/apppw-tui.service /etc/systemd/system/apppw-tui.service
sockets="auth-client http json mux apache cyrus postfix radicale"
for socket in $sockets; do
    put 644 "systemd/apppw-tui-$socket.socket" "/etc/systemd/system/apppw-tui-$socket.socket"
done
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    for socket in $sockets; do
        # Enabled by an older version, it may not be wanted by the daemon yet.
        ! systemctl is-enabled -q "apppw-tui-$socket.socket" ||
            systemctl reenable -q "apppw-tui-$socket.socket"
    done
    systemctl enable -q apppw-sshd.service
    systemctl reload-or-restart apppw-sshd.service
    systemctl try-restart apppw-tui.service
else
    echo "systemd does not run here: nothing was started."
fi

cat <<END
apppw-tui $version is set up. Next:
  editor /etc/apppw-tui/config.toml                   default_domain above all: what names mean
  apppw-tui account add NAME                          an account
  ssh -p 2222 apppw@HOST                              its owner's way in
  systemctl enable apppw-tui-json.socket              and each other socket that is to be asked at
  systemctl restart apppw-tui                         after that, each time
  apppw-tui doctor                                    whether all is well
END
