# Process 1 of its own namespaces (mounts, processes, IPC, host name, control groups) becomes systemd. It sees this
# machine's files through an overlay: what it writes goes into memory, and is gone with it.
# $1: a folder for the overlay; the rest: mounts, users and units come from rig.sh in it.
set -eu
place=$1
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$place/memory"
mkdir "$place/memory/upper" "$place/memory/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$place/memory/upper,workdir=$place/memory/work" "$place/root"
cd "$place/root"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=1777 tmpfs var/tmp
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
    touch "dev/$device"
    mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/shm dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
mount -t cgroup2 cgroup2 sys/fs/cgroup
mkdir "$PWD/run/outside"
pivot_root . run/outside
umount -l /run/outside
rmdir /run/outside
# As systemd does it on a machine, and leaves it to others in a container: credentials are mounted for a service.
mount --make-rshared /
# No unit of this machine is started, but what a bare system has.
rm -rf /etc/systemd/system /etc/systemd/user /etc/cron.d /var/spool/cron
mkdir -p /etc/systemd/system /etc/cron.d
cat > /etc/systemd/system/rig.target <<END
[Unit]
Requires=basic.target
Wants=dbus.service systemd-logind.service
After=basic.target
AllowIsolate=yes
END
: > /etc/machine-id
export container=astsync-rig
exec /lib/systemd/systemd --unit=rig.target --log-target=journal --show-status=no
