#!/bin/sh
# Sets apppw-tui up on Debian 12 or 13: the program, its user and store, the portal by ssh on port 2222,
# the daemon's units. As root, from a checkout of the repository:
#
#   apt-get install -y python3-venv openssh-server
#   recipes/install.sh                  # again after `git pull`: that is the upgrade
#   recipes/install.sh FILE.whl         # or a wheel that was built elsewhere
#   recipes/install.sh --postgresql     # with the driver of PostgreSQL, now and in later versions
#   recipes/install.sh --force          # the same version anew, with its dependencies
#   recipes/install.sh --dependencies [FILE]   # them alone; FILE is by default recipes/requirements.txt
#   recipes/install.sh --list           # what is there to roll back to
#   recipes/install.sh --rollback [VERSION]    # by default to what was used before
#
# Every version has a folder of its own in /opt/apppw-tui, with its dependencies, units and this very
# script (share/apppw-tui/recipes): the link `current` says which is used, and its units are those in
# /etc/systemd/system. What is used, and the two that were used before, are kept. Edited configuration
# is kept; edited units are set aside as FILE.edited, since drop-in files are the place for that.
#
# recipes/uninstall.sh undoes it. pip fetches what the program needs, by its own settings: PIP_NO_INDEX
# and PIP_FIND_LINKS make it take that from a folder. It takes nothing but the very files whose hashes
# stand in recipes/requirements.txt.
set -eu
umask 022
unset CDPATH
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

here=$(cd -- "$(dirname -- "$0")" && pwd)
opt=/opt/apppw-tui
store=/var/lib/apppw-tui
kiosk=/usr/local/libexec/apppw-kiosk
config=/etc/apppw-tui/config.toml
share=share/apppw-tui
systemd=/etc/systemd/system
kept=3 # folders in $opt

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

say() {
    echo "install.sh: $*" >&2
}

# --- what is there -------------------------------------------------------------------------------

# The builds that can be used, the last used first.
builds() {
    for mark in $(ls -1t -- "$opt"/*/.complete 2>/dev/null); do
        name=${mark%/.complete}
        name=${name##*/}
        [ "$name" = current ] || [ ! -e "$opt/$name/$share/recipes/installed" ] || echo "$name"
    done
}

current() {
    readlink -- "$opt/current" 2>/dev/null || :
}

# True if that build can have its accounts in PostgreSQL.
has_driver() {
    [ -n "$1" ] && ls -d -- "$opt/$1"/lib/python3*/site-packages/psycopg >/dev/null 2>&1
}

# True if that build runs: after an upgrade of Debian, its Python may be gone.
runs() {
    "$opt/$1/bin/apppw-tui" --version >/dev/null 2>&1
}

# The last used build of that version that runs, if there is one.
build_of() {
    for name in $(builds); do
        if [ "${name%%\~*}" = "$1" ] && runs "$name"; then
            echo "$name"
            return
        fi
    done
}

# --- making a build ------------------------------------------------------------------------------

version_of_wheel() {
    version=${1##*/apppw_tui-}
    version=${version%%-*}
    case $1:$version in
    *.whl:[0-9]*) ;;
    *) fail "$1 is not a wheel of apppw-tui." ;;
    esac
}

# From a copy: nothing is left in the checkout.
make_wheel() {
    say "building $version …"
    mkdir "$scratch/checkout"
    tar -C "$1" --exclude=__pycache__ -cf - apppw_tui recipes docs/apppw-tui.1 docs/apppw-tui.toml.5 \
        docs/config.schema.json docs/output.schema.json docs/completions \
        pyproject.toml setup.py README.md LICENSE | tar -C "$scratch/checkout" --no-same-owner -xf -
    printf 'Metadata-Version: 2.1\nName: apppw-tui\nVersion: %s\n' "$version" >"$scratch/checkout/PKG-INFO"
    /usr/bin/python3 -m venv "$scratch/venv"
    "$scratch/venv/bin/pip" install -q --disable-pip-version-check --require-hashes \
        -r "$1/recipes/requirements-build.txt"
    "$scratch/venv/bin/pip" wheel -q --disable-pip-version-check --no-build-isolation --no-deps \
        -w "$scratch" "$scratch/checkout"
    wheel=$(echo "$scratch"/*.whl)
}

# Puts together what is to be installed: the list $1 and, where the driver is wanted and not in it, the
# driver's list $2.
gather() {
    cat -- "$1" >"$scratch/requirements.txt"
    [ "$driver" = no ] || grep -q '^psycopg==' "$1" || cat -- "$2" >>"$scratch/requirements.txt"
}

# Installs $wheel, with what stands in the file $1, into a new folder: $build is its name.
make_build() {
    build=$version
    if [ -e "$opt/$build" ] && [ ! -e "$opt/$build/.complete" ] && [ "$(current)" != "$build" ]; then
        rm -rf -- "${opt:?}/$build" # it was left half made
    fi
    number=2
    while [ -e "$opt/$build" ]; do
        build=$version~$number
        number=$((number + 1))
    done
    say "installing $build, with what it needs …"
    pip="$opt/$build/bin/pip"
    /usr/bin/python3 -m venv "$opt/$build"
    if ! "$pip" install -q --disable-pip-version-check --require-hashes -r "$1" ||
        ! "$pip" install -q --disable-pip-version-check --no-deps "$wheel" ||
        ! "$pip" check -q || ! "$opt/$build/bin/apppw-tui" --version; then
        rm -rf -- "${opt:?}/$build"
        fail "$version could not be installed; what was there before is still used."
    fi
    install -D -m 644 -- "$wheel" "$opt/$build/$share/${wheel##*/}"
    : >"$opt/$build/.complete"
}

# --- making it the one that is used --------------------------------------------------------------

# The lines of a build's list, without what explains it; nothing where there is none.
listed() {
    [ -z "$1" ] || [ ! -e "$opt/$1/$share/recipes/installed" ] ||
        grep -v '^#' "$opt/$1/$share/recipes/installed"
}

# Copies a file of a build to $scratch/file, as it is to be here.
shipped() {
    [ -e "$opt/$1/$share/recipes/$2" ] || return 1
    cp -- "$opt/$1/$share/recipes/$2" "$scratch/file"
    # OpenSSH 9.8 and later have to be told the PAM service's name.
    if [ "$2" = sshd/apppw_sshd_config ] && [ "$pam_service" = yes ]; then
        sed -i 's/^#PAMServiceName /PAMServiceName /' "$scratch/file"
    fi
}

# True if the file at $2 is what any version brought as $1.
unedited() {
    for name in $(builds); do
        ! shipped "$name" "$1" || ! cmp -s -- "$scratch/file" "$2" || return 0
    done
    return 1
}

put_file() {
    mode=$1 how=$2 file=$3 place=$4
    if [ -e "$place" ] && ! unedited "$file" "$place"; then
        shipped "$build" "$file"
        # What an install.sh from before put there is known by no build.
        if [ "$how" = kept ]; then
            say "$place was edited, or is older, and is kept; compare" \
                "$opt/current/$share/recipes/$file."
            return
        elif [ -n "$(listed "$before")" ]; then
            cp -p -- "$place" "$place.edited"
            say "$place was edited; that is now $place.edited. Use a drop-in file instead."
        fi
    fi
    shipped "$build" "$file"
    ! cmp -s -- "$scratch/file" "$place" || [ "$(stat -c %a "$place")" != "$mode" ] || return 0
    # Written down first: whoever is interrupted does the rest the next time.
    if [ -e "$place" ]; then how=changed; fi
    echo "$how ${place##*/}" >>"$opt/.pending"
    install -D -m "$mode" -- "$scratch/file" "$place"
}

# What the version before brought, and this one does not.
take_away() {
    listed "$before" | while read -r _ _ file place; do
        listed "$build" | grep -q "[[:blank:]]$place\$" && continue
        [ -e "$place" ] || continue
        if ! unedited "$file" "$place"; then
            say "$place was edited, and is left; $build has no use for it."
            continue
        fi
        case $place in
        "$systemd"/*) [ ! -d /run/systemd/system ] || systemctl disable -q --now "${place##*/}" || : ;;
        esac
        rm -f -- "$place"
    done
}

activate() {
    build=$1 before=$(current)
    # A configuration that this version cannot read would stop the daemon.
    if [ -e "$config" ]; then
        code=0
        "$opt/$build/bin/apppw-tui" config check "$config" >"$scratch/check" 2>&1 || code=$?
        if [ "$code" -gt 1 ]; then
            cat -- "$scratch/check" >&2
            fail "$build cannot use $config: nothing was changed. Correct it, and try again."
        fi
    fi
    pam_service=no
    /usr/sbin/sshd -t -f /dev/null -o PAMServiceName=apppw-sshd 2>&1 | grep -qi 'bad config' ||
        pam_service=yes

    take_away
    listed "$build" >"$scratch/list"
    while read -r mode how file place; do
        put_file "$mode" "$how" "$file" "$place"
    done <"$scratch/list"
    mkdir -p /run/sshd /usr/local/bin /usr/local/sbin
    ln -sfn /usr/sbin/sshd /usr/local/sbin/apppw-sshd
    set_up_user
    /usr/local/sbin/apppw-sshd -t -f /etc/ssh/apppw_sshd_config
    [ "$build" = "$before" ] || echo "changed apppw-tui" >>"$opt/.pending"
    [ "$build" = "$before" ] || touch -- "$opt/$build/.complete"
    ln -sfn -- "$build" "$opt/.next"
    mv -T -- "$opt/.next" "$opt/current"
    ln -sfn -- "$opt/current/bin/apppw-tui" /usr/local/bin/apppw-tui
    set_up_store
    start
    rm -f -- "$opt/.pending"
    prune
}

# The user, who owns the store and has the portal for a shell; and the store.
set_up_user() {
    systemd-sysusers /etc/sysusers.d/apppw-tui.conf
    [ "$(getent passwd apppw | cut -d: -f7)" = "$kiosk" ] || usermod --shell "$kiosk" apppw
    case $(getent shadow apppw | cut -d: -f2) in
    '!'* | '*'*) ;;
    *) usermod --lock apppw ;;
    esac
    systemd-tmpfiles --create /etc/tmpfiles.d/apppw-tui.conf
    if [ ! -e "$config" ]; then
        mkdir -p "${config%/*}"
        # The kiosk takes the store from nowhere else.
        sed "s|^#\[store\]|[store]|; s|^#folder = .*|folder = \"$store\"|" \
            "$opt/$build/$share/recipes/config.toml" >"$config"
    fi
}

# What a version needs to find in a store that was there before it.
set_up_store() {
    # Who is enforced, for Dovecot: made of the accounts where it is missing, and mended.
    /usr/local/bin/apppw-tui --store "$store" store tidy ||
        say "see what is wrong with the store: apppw-tui doctor"
}

# The units that were put there, and how: enabled, ours, or changed.
pending() {
    [ ! -e "$opt/.pending" ] || grep -E "^($1) " "$opt/.pending" | cut -d' ' -f2 | sort -u
}

# New sessions and questions find the new version; sessions that are open stay. The sockets are
# systemd's own: questions wait in them while the daemon is started anew, and none is lost.
start() {
    new=$(pending enabled) changed=$(pending changed)
    for unit in $new; do
        systemctl enable -q "$unit"
    done
    if [ ! -d /run/systemd/system ]; then
        echo "systemd does not run here: nothing was started."
        return
    fi
    [ -e "$opt/.pending" ] || return 0
    systemctl daemon-reload
    for unit in $new; do
        systemctl start "$unit"
    done
    sockets=''
    for unit in $changed; do
        case $unit in
        *.path | *.timer) systemctl try-restart "$unit" ;;
        *.socket)
            # Enabled by an older version, it may not be wanted by the daemon yet.
            ! systemctl is-enabled -q "$unit" || systemctl reenable -q "$unit"
            ! systemctl is-active -q "$unit" || sockets="$sockets$unit "
            ;;
        apppw-sshd.service)
            say "apppw-sshd.service has changed; \`systemctl restart apppw-sshd\` applies that and" \
                "ends the sessions of the portal."
            ;;
        esac
    done
    ! systemctl is-active -q apppw-sshd.service || systemctl reload apppw-sshd.service
    if [ -z "$sockets" ]; then
        systemctl try-restart apppw-tui.service
        return
    fi
    # A socket is not started anew while its service runs.
    running=$(systemctl is-active apppw-tui.service || :)
    systemctl stop apppw-tui.service
    # shellcheck disable=SC2086 # several
    systemctl restart $sockets
    [ "$running" != active ] || systemctl start apppw-tui.service
}

# Older builds; and what was left half made. What was used until now goes on in sessions that are open.
prune() {
    keep=" $build $before $(builds | grep -vxF -- "$build" | head -n $((kept - 1)) | tr '\n' ' ')"
    for folder in "$opt"/*/; do
        name=${folder%/}
        name=${name##*/}
        [ ! -L "$opt/$name" ] || continue
        case $keep in *" $name "*) ;; *) rm -rf -- "${opt:?}/$name" ;; esac
    done
}

# --- as root types it ----------------------------------------------------------------------------

act=install what='' force=no driver=no
while [ $# -gt 0 ]; do
    case $1 in
    --force) force=yes ;;
    --postgresql) driver=yes ;;
    --rollback | --dependencies | --list) act=${1#--} ;;
    -h | --help)
        sed -n '2,/^set -eu/{/^#/s/^# \{0,1\}//p}' "$0"
        exit 0
        ;;
    -*) fail "$1 is no option; see --help." ;;
    *) what=$1 ;;
    esac
    shift
done

if [ "$act" = list ]; then
    for name in $(builds); do
        if [ "$name" = "$(current)" ]; then echo "$name (in use)"; else echo "$name"; fi
    done
    exit 0
fi
[ "$(id -u)" = 0 ] || fail "only root can install; try sudo."
[ -x /usr/sbin/sshd ] || fail "first: apt-get install openssh-server"
/usr/bin/python3 -c 'import ensurepip, venv' 2>/dev/null || fail "first: apt-get install python3-venv"
/usr/bin/python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Python 3.11 or newer is needed."
command -v systemd-sysusers >/dev/null || fail "first: apt-get install systemd"
if [ -e /usr/local/bin/apppw-tui ] && [ ! -L /usr/local/bin/apppw-tui ]; then
    fail "/usr/local/bin/apppw-tui is there and not a link; move it away first."
fi
home=$(getent passwd apppw | cut -d: -f6)
[ "${home:-$store}" = "$store" ] || fail "the user apppw is there already, and is somebody else."

case $act in
install)
    what=${what:-$(dirname -- "$here")}
    [ -e "$what" ] || fail "$what is not there."
    case $what in
    *.whl) version_of_wheel "$what" ;;
    *)
        [ -e "$what/pyproject.toml" ] || fail "$what is no checkout of apppw-tui."
        version=$(/usr/bin/python3 -B "$what/recipes/version.py" "$what")
        ;;
    esac
    ;;
rollback)
    if [ -z "$what" ]; then
        what=$(builds | grep -vxF -- "$(current)" | head -n 1)
        [ -n "$what" ] || fail "there is no other version to roll back to."
    fi
    builds | grep -qxF -- "$what" || fail "there is no version $what; see --list."
    runs "$what" || fail "version $what does not run any more."
    ;;
esac

mkdir -p "$opt"
exec 9<"$opt"
flock -n 9 || fail "another install.sh is at work."
scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
! has_driver "$(current)" || driver=yes

case $act in
install)
    build=$(build_of "$version")
    if [ "$driver" = yes ] && ! has_driver "$build"; then force=yes; fi
    if [ -n "$build" ] && [ "$force" = no ]; then
        echo "Version $version is in $opt already, and stays as it is; --force makes it anew."
    else
        case $what in
        *.whl) wheel=$what ;;
        *) make_wheel "$what" ;;
        esac
        /usr/bin/python3 - "$wheel" "$scratch" <<'END' || fail "$wheel is not a wheel of apppw-tui."
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for kind in ("", "-postgresql"):
        inside = f"apppw-tui/recipes/requirements{kind}.txt"
        texts = [wheel.read(path) for path in wheel.namelist() if path.endswith(inside)]
        if kind == "" and not texts:
            sys.exit(1)
        with open(f"{sys.argv[2]}/own{kind}.txt", "wb") as file:
            file.writelines(texts)  # an older version has no driver
END
        gather "$scratch/own.txt" "$scratch/own-postgresql.txt"
        make_build "$scratch/requirements.txt"
    fi
    ;;
dependencies)
    [ -n "$(current)" ] || fail "nothing is installed yet."
    wheel=$(echo "$opt/current/$share"/*.whl)
    [ -e "$wheel" ] || fail "$(current) was installed without its wheel; install again."
    what=${what:-$here/requirements.txt}
    [ -e "$what" ] || fail "$what is not there."
    version_of_wheel "$wheel"
    gather "$what" "$here/requirements-postgresql.txt"
    make_build "$scratch/requirements.txt"
    ;;
rollback) build=$what ;;
esac
activate "$build"

if [ -n "$before" ] && [ "$before" != "$build" ]; then
    cat <<END
apppw-tui $build is used now, instead of $before; new questions and sessions get it.
  apppw-tui doctor                                    whether all is well
  recipes/install.sh --rollback                       back to $before
END
    exit 0
fi
cat <<END
apppw-tui ${build} is set up. Next:
  editor /etc/apppw-tui/config.toml                   default_domain above all: what names mean
  apppw-tui account add NAME                          an account
  ssh -p 2222 apppw@HOST                              its owner's way in
  systemctl enable apppw-tui-json.socket              and each other socket that is to be asked at
  systemctl restart apppw-tui                         after that, each time
  apppw-tui doctor                                    whether all is well
END
