#!/bin/sh
# Makes a root disk; run as root, or in a user namespace in which this user is root and further users exist.
# From the environment: WORK (a folder for the tree), DISK, SIZE, LABEL, SUITE, MIRROR (or empty), PACKAGES (by commas), TOOL (mmdebstrap or
# debootstrap), KERNEL (folder with lib/modules, or empty), RELEASE, HOSTNAME, PASSWORD (file, or empty).
set -eu
umask 022
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH LC_ALL=C
root=$WORK/tree

say() {
    echo "step: $*"
}

remove() {
    rm -rf --one-file-system "$root"
}
trap remove EXIT
trap 'exit 130' INT TERM HUP

say "fetching and unpacking Debian $SUITE with $(basename "$TOOL")"
case $(basename "$TOOL") in
    mmdebstrap)
        "$TOOL" --mode=root --variant=minbase --format=directory --include="$PACKAGES" "$SUITE" "$root" ${MIRROR:+"$MIRROR"}
        ;;
    *)
        "$TOOL" --variant=minbase --include="$PACKAGES" "$SUITE" "$root" "${MIRROR:-http://deb.debian.org/debian}"
        ;;
esac

say "setting up the system"
if [ -n "$KERNEL" ]; then
    mkdir -p "$root/usr/lib/modules"
    cp -R "$KERNEL/lib/modules/$RELEASE" "$root/usr/lib/modules/"
    chown -R 0:0 "$root/usr/lib/modules/$RELEASE"
    chroot "$root" depmod "$RELEASE"
fi
echo "$HOSTNAME" >"$root/etc/hostname"
printf '127.0.0.1 localhost %s\n::1 localhost\n' "$HOSTNAME" >"$root/etc/hosts"
echo "LABEL=$LABEL / ext4 errors=remount-ro 0 1" >"$root/etc/fstab"
# Ninety seconds for a device or a service to come are too few on a host that is busy, or for an emulated processor.
mkdir -p "$root/etc/systemd/system.conf.d" "$root/etc/systemd/system/dev-ttyS0.device.d"
printf '[Manager]\nDefaultTimeoutStartSec=15min\nDefaultEnvironment=SYSTEMD_BUS_TIMEOUT=15min\n' >"$root/etc/systemd/system.conf.d/patience.conf"
printf '[Unit]\nJobRunningTimeoutSec=15min\n' >"$root/etc/systemd/system/dev-ttyS0.device.d/patience.conf"
# Empty, so that each copy of the disk makes an identity of its own when it starts first.
: >"$root/etc/machine-id"
if [ -n "$PASSWORD" ]; then
    { printf 'root:'; head -n 1 "$PASSWORD"; } | chroot "$root" chpasswd
else
    mkdir -p "$root/etc/systemd/system/serial-getty@.service.d"
    cat >"$root/etc/systemd/system/serial-getty@.service.d/autologin.conf" <<'END'
[Service]
ExecStart=
ExecStart=-/sbin/agetty --autologin root --noclear --keep-baud 115200,57600,38400,9600 %I $TERM
END
fi
rm -rf "$root"/usr/share/man/* "$root"/usr/share/locale/* "$root"/usr/share/info/* "$root"/var/cache/apt/*.bin
find "$root/usr/share/doc" -type f ! -name copyright -delete

say "making the disk, $(du -sm "$root" | cut -f 1) MiB of $SIZE"
rm -f "$DISK"
mke2fs -q -F -t ext4 -L "$LABEL" -d "$root" "$DISK" "$SIZE"
say "done"
