#!/bin/sh
# Builds the Debian package, apppw-tui_VERSION_ARCHITECTURE.deb, into the folder it is called in. From a
# checkout of the repository, by anybody, on the Debian that it is for:
#
#   debian/build.sh             # Debian 14: with Debian's own Textual, TinyDB and so on
#   debian/build.sh --bundled   # Debian 13, where those are too old: with its own ones
#
# `dpkg-checkbuilddeps` says what is missing to build it, and so does this. Bundled, the package holds
# the very files whose hashes stand in recipes/requirements.txt, in a venv at /usr/lib/apppw-tui; pip
# fetches them now, by its own settings (PIP_NO_INDEX, PIP_FIND_LINKS), and never when it is installed.
#
# There is no debian/changelog to be kept: the version is the commit's, as everywhere else, and so the
# changelog is made here, in a copy of the tree. DEBFULLNAME and DEBEMAIL say who built it.
#
# Tried on Debian 13 and 14, amd64.
set -eu
umask 022
unset CDPATH

here=$(cd -- "$(dirname -- "$0")" && pwd)
tree=$(dirname -- "$here")
bundled=no
case ${1-} in
'') ;;
--bundled) bundled=yes ;;
*)
    sed -n '2,/^set -eu/{/^#/s/^# \{0,1\}//p}' "$0"
    exit 2
    ;;
esac

scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

# PEP 440 says 1.2.0.dev3 and 1.2.0rc1 of what leads to 1.2.0; dpkg says it with a tilde.
version=$(/usr/bin/python3 -B "$tree/recipes/version.py" "$tree")
debian=$(echo "$version" | sed -E 's/^([0-9.]+[0-9])\.?(dev|a|b|rc)([0-9])/\1~\2\3/')
if [ "$bundled" = yes ]; then
    # Below the one with Debian's own, which takes its place after an upgrade of Debian.
    debian=$debian~deb$(. /etc/os-release && echo "${VERSION_ID-0}")
fi
who="${DEBFULLNAME:-The apppw-tui authors} <${DEBEMAIL:-root@localhost}>"
day=$(date -R -d "@${SOURCE_DATE_EPOCH:-$(stat -c %Y -- "$tree/CHANGELOG.md")}")

mkdir "$scratch/tree"
tar -C "$tree" --exclude=__pycache__ -cf - apppw_tui recipes docs \
    pyproject.toml setup.py README.md SECURITY.md CHANGELOG.md LICENSE |
    tar -C "$scratch/tree" --no-same-owner -xf -
cp -r -- "$here" "$scratch/tree/debian"
rm -- "$scratch/tree/debian/build.sh"
cd "$scratch/tree"
printf 'Metadata-Version: 2.1\nName: apppw-tui\nVersion: %s\n' "$version" >PKG-INFO
cat >debian/changelog <<END
apppw-tui ($debian) unstable; urgency=medium

  * See /usr/share/doc/apppw-tui/changelog.gz.

 -- $who  $day
END
sed -i "s/^Maintainer: .*/Maintainer: $who/" debian/control
# What was compiled for one Python and one processor is not for all.
[ "$bundled" = no ] || sed -i 's/^Architecture: all$/Architecture: any/' debian/control

dpkg-buildpackage --build=binary --no-sign \
    --build-profiles="$([ "$bundled" = no ] || echo pkg.apppw-tui.bundled)" >"$scratch/log" 2>&1 || {
    cat -- "$scratch/log" >&2
    exit 1
}
cd - >/dev/null
for package in "$scratch"/*.deb; do
    cp -- "$package" .
    echo "${package##*/}"
done
