#!/bin/sh
# Undoes recipes/install.sh, as root: ends the portal's sessions and the daemon, and takes the
# programs, their configuration for sshd and PAM and the units away. The accounts stay, and so does
# what was edited.
#
# While Dovecot, Postfix or another program still asks at a socket of apppw-tui it does nothing but
# say which: they would let nobody in any more. --anyway goes on.
set -eu
umask 022
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

here=$(cd -- "$(dirname -- "$0")" && pwd)
opt=/opt/apppw-tui
recipes=share/apppw-tui/recipes
systemd=/etc/systemd/system

if [ "$(id -u)" != 0 ]; then
    echo "uninstall.sh: only root can; try sudo." >&2
    exit 1
fi
case ${1-} in
'' | --anyway) ;;
*)
    echo "uninstall.sh: usage: uninstall.sh [--anyway]" >&2
    exit 2
    ;;
esac

# --- who still asks ------------------------------------------------------------------------------

# Files of other programs that speak of a socket, a program or a PAM service of apppw-tui.
asking() {
    for place in dovecot postfix exim4 nginx caddy apache2 radicale prosody ejabberd openvpn \
        saslauthd.conf default/saslauthd sasl2 pam.d ssh/sshd_config.d; do
        [ -e "/etc/$place" ] || continue
        grep -rlE '^[^#;]*(run/apppw-tui|private/apppw|apppw-tui (pam|verify)|apppw[.]lua|apppw-enforced)' \
            "/etc/$place" 2>/dev/null || :
    done
    # Recipes that name nothing of that kind.
    for place in /etc/dovecot/conf.d/*apppw* /etc/ssh/sshd_config.d/apppw-tui.conf; do
        [ ! -e "$place" ] || echo "$place"
    done
    for place in /etc/dovecot /etc/exim4; do
        [ ! -e "$place" ] || grep -rlE '^[^#]*%?apppw-%' "$place" 2>/dev/null || :
    done
}

# Without the scripts in Lua that nothing else beside them speaks of: nobody runs these.
used() {
    while read -r file; do
        case $file in
        *.lua) grep -rqE --exclude='*.lua' "^[^#;]*${file##*/}" "${file%"${file#/etc/*/}"}" || continue ;;
        esac
        echo "$file"
    done
}

found=$(asking | grep -vE '\.(dpkg|ucf)-|~$' | used | sort -u)
if [ -n "$found" ]; then
    {
        echo "uninstall.sh: these still ask apppw-tui, or lead to its portal, and would let nobody in:"
        echo "$found" | sed 's/^/  /'
        echo "Take them away, restart those programs, and see that people can sign in."
    } >&2
    if [ "${1-}" != --anyway ]; then
        echo "Nothing was done. To go on all the same: uninstall.sh --anyway" >&2
        exit 1
    fi
fi

# --- what was put there --------------------------------------------------------------------------

if [ -e "$opt/current/$recipes/installed" ]; then from=$opt/current/$recipes; else from=$here; fi
scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
grep -v '^#' "$from/installed" >"$scratch/installed"

# True if the file at $2 is what any version, or this checkout, brought as $1.
unedited() {
    for base in "$opt"/*/"$recipes" "$here"; do
        file=$base/$1
        case $1 in
        ../man/*) [ -e "$file" ] || file=$base/../docs/${1##*/} ;;
        esac
        [ -e "$file" ] || continue
        ! cmp -s -- "$file" "$2" || return 0
        # install.sh adapts this line to the version of OpenSSH.
        sed 's/^#PAMServiceName /PAMServiceName /' "$file" >"$scratch/file"
        ! cmp -s -- "$scratch/file" "$2" || return 0
    done
    return 1
}

running=no
[ ! -d /run/systemd/system ] || running=yes
# The sockets and what starts others first: nothing is to be started by them again.
echo "uninstall.sh: ending what runs …" >&2
for kind in socket path timer service; do
    units=$(
        while read -r _ _ _ place; do
            case $place in "$systemd"/*."$kind") [ ! -e "$place" ] || echo "${place##*/}" ;; esac
        done <"$scratch/installed"
    )
    [ -n "$units" ] || continue
    # shellcheck disable=SC2086 # several
    systemctl disable -q $units 2>/dev/null || :
    # shellcheck disable=SC2086
    [ "$running" = no ] || systemctl stop $units
done
left=''
while read -r _ _ file place; do
    [ ! -e "$place.edited" ] || left="$left  $place.edited
"
    [ -e "$place" ] || continue
    if unedited "$file" "$place"; then
        rm -f -- "$place"
    else
        left="$left  $place
"
    fi
done <"$scratch/installed"
[ "$running" = no ] || systemctl daemon-reload

rm -f /usr/local/sbin/apppw-sshd
# The user stays with the store: another one with its number would own every account.
if getent passwd apppw | grep -q '/apppw-kiosk$'; then
    usermod --shell /usr/sbin/nologin apppw
fi
if [ -L /usr/local/bin/apppw-tui ]; then
    rm -f /usr/local/bin/apppw-tui
fi
rm -rf /opt/apppw-tui

if [ -n "$left" ]; then
    echo "Edited by somebody, and left; remove them yourself:"
    printf %s "$left"
fi
cat <<END
apppw-tui is gone. What is kept: the accounts in /var/lib/apppw-tui, the configuration in
/etc/apppw-tui, the user apppw and the groups apppw-*. To lose these as well:
  rm -r /var/lib/apppw-tui /etc/apppw-tui; userdel apppw
  for group in auth-client http json mux; do groupdel "apppw-\$group"; done
END
