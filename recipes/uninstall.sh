#!/bin/sh
# Undoes recipes/install.sh, as root: ends the portal's sessions and the daemon, and takes the
# programs, their configuration for sshd and PAM and the units away. The accounts stay.
set -eu
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

if [ "$(id -u)" != 0 ]; then
    echo "uninstall.sh: only root can; try sudo." >&2
    exit 1
fi
units="apppw-sshd.service apppw-tui-auth-client.socket apppw-tui-http.socket apppw-tui-json.socket
    apppw-tui-mux.socket apppw-tui-apache.socket apppw-tui-cyrus.socket apppw-tui-postfix.socket
    apppw-tui-radicale.socket apppw-tui.service"
for unit in $units; do
    if [ -d /run/systemd/system ] && [ -e "/etc/systemd/system/$unit" ]; then
        systemctl disable -q --now "$unit"
    fi
    rm -f "/etc/systemd/system/$unit"
done
[ ! -d /run/systemd/system ] || systemctl daemon-reload

rm -f /etc/pam.d/apppw-sshd /etc/ssh/apppw_sshd_config /usr/local/sbin/apppw-sshd \
    /etc/sysusers.d/apppw-tui.conf /etc/tmpfiles.d/apppw-tui.conf
# The user stays with the store: another one with its number would own every account.
if getent passwd apppw | grep -q '/apppw-kiosk$'; then
    usermod --shell /usr/sbin/nologin apppw
fi
rm -f /usr/local/libexec/apppw-kiosk /usr/local/share/man/man1/apppw-tui.1
if [ -L /usr/local/bin/apppw-tui ]; then
    rm -f /usr/local/bin/apppw-tui
fi
rm -rf /opt/apppw-tui

cat <<END
apppw-tui is gone. What is kept: the accounts in /var/lib/apppw-tui, the configuration in
/etc/apppw-tui, the user apppw and the groups apppw-*. To lose these as well:
  rm -r /var/lib/apppw-tui /etc/apppw-tui; userdel apppw
  for group in auth-client http json mux; do groupdel "apppw-\$group"; done
END
