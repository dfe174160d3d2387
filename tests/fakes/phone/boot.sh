# Becomes the phone: run as the first process of private mount, process and network namespaces.
# $1: the phone's root; $2: the unpacked adbd; $3: the boot id's file; $4: adbd's port; then pairs
# of a folder here and where it appears.
# Every mount is made in the private mount namespace: this machine's own tree stays as it is.
set -eu
root=$1 adbd=$2 boot_id=$3 port=$4
mount --make-rprivate /
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
mount -t proc proc "$root/proc"
mount --bind "$boot_id" "$root/proc/sys/kernel/random/boot_id"
# Only the libraries of mksh and toybox; the phone has no Python and no other program of ours.
mount --rbind /usr/lib "$root/usr/lib"
mount --rbind /usr/lib64 "$root/usr/lib64"
mount --bind "$adbd" "$root/apex/adbd"
shift 4
while [ $# -gt 1 ]; do
    mount --bind "$1" "$2"
    shift 2
done
cd "$root"
chroot=$(PATH=$PATH:/usr/sbin:/sbin command -v chroot)
export HOME=/data/local/tmp PATH=/system/bin ADBD_PORT="$port" TMPDIR=/data/local/tmp
# The first process of a process namespace inherits what lost its parent, and must wait for it.
exec "$chroot" "$root" /system/bin/sh /init
