# SPDX-License-Identifier: GPL-2.0
"""Disk images of Debian as it is installed, made once and kept in the cache."""

import os
import shutil
import subprocess
import tempfile

from guest.apt import KEYRING, mirror
from guest.common import CACHE, Failure, digest, locked, need, run, say

SIZE = "4G"     # of the file system; the image has holes where it is empty

# What a small server with containers has, what DKMS needs, and the shells that are asked.
PACKAGES = """
    systemd-sysv udev dbus kmod initramfs-tools zstd procps
    linux-image-cloud-amd64 linux-headers-cloud-amd64 dkms openssl
    build-essential pkg-config libnl-genl-3-dev libsmartcols-dev
    podman crun busybox-static fish zsh
""".split()

# Leaves out of the image what nobody reads there. The initial ramdisk is made in the guest, too.
BEFORE = r"""set -eu
mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"
echo 'MODULES=list' > "$1/etc/initramfs-tools/conf.d/small"
printf '%s\n' virtio_pci virtio_blk ext4 > "$1/usr/share/initramfs-tools/modules.d/small"
"""

# A newer kernel lies ready in /srv/security: that of the security archive, or another flavour
# while there is none. At boot, what the second disk brings is run.
AFTER = r"""set -eu
root=$1
rm -f "$root"/etc/dpkg/dpkg.cfg.d/99mmdebstrap "$root"/etc/apt/apt.conf.d/99mmdebstrap
mkdir -p "$root/srv/security"
cp "$root/etc/apt/sources.list" "$root/tmp/release"
fetch() {
	chroot "$root" apt-get -q clean
	chroot "$root" apt-get -q -y --download-only --no-install-recommends install "$@"
	find "$root/var/cache/apt/archives" -name 'linux-*.deb' -exec mv -t "$root/srv/security" {} +
}
echo "deb @SECURITY@ @SUITE@-security main" >> "$root/etc/apt/sources.list"
chroot "$root" apt-get -q update
fetch linux-image-cloud-amd64 linux-headers-cloud-amd64
[ -n "$(find "$root/srv/security" -name 'linux-image-*')" ] ||
	fetch linux-image-amd64 linux-headers-amd64
chroot "$root" apt-get -q clean
(cd "$root/srv/security" && dpkg-scanpackages -m . > Packages)
rm -rf "$root"/var/lib/apt/lists/*
echo "deb [trusted=yes] file:/srv/security ./" > "$root/etc/apt/sources.list"

cat > "$root/etc/systemd/system/install-test.service" <<-UNIT
	[Unit]
	FailureAction=poweroff
	[Service]
	Type=exec
	ExecStart=/bin/sh -c 'rm -rf /opt/test; mkdir /opt/test; tar -xf /dev/vdb -C /opt/test && exec /opt/test/start'
	StandardError=journal+console
	[Install]
	WantedBy=multi-user.target
UNIT
chroot "$root" systemctl -q enable install-test.service
chroot "$root" systemctl -q mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
	e2scrub_all.timer fstrim.timer e2scrub_reap.service getty.target
echo guest > "$root/etc/hostname"
echo "127.0.0.1 localhost guest" > "$root/etc/hosts"
"""


def security(archive):
    """The archive of security updates beside a mirror of the main one."""
    return archive.rstrip("/") + "-security"


def get(suite):
    """The path of the disk image of a suite, built first where it is missing."""
    need("mmdebstrap", "mkfs.ext4", "dpkg-scanpackages")
    after = AFTER.replace("@SUITE@", suite)
    home = CACHE / "install"
    image = home / f"{suite}-{digest(PACKAGES, BEFORE, after, SIZE)}.img"
    with locked(home / suite):
        if not image.exists():
            if os.geteuid():
                raise Failure("an image of Debian can be made by root only")
            for old in home.glob(f"{suite}-*.img*"):
                old.unlink()
            build(suite, after, image)
    return image


def build(suite, after, image):
    """Makes the image of a suite; what mmdebstrap says is left beside it if it fails."""
    say(f"making an image of Debian {suite}, which takes minutes")
    archive = mirror()
    log = image.with_suffix(".log")
    with tempfile.TemporaryDirectory(dir=image.parent, prefix=f"{suite}-") as name:
        hooks = []
        for kind, text in (("essential", BEFORE),
                           ("customize", after.replace("@SECURITY@", security(archive)))):
            hook = os.path.join(name, kind)
            with open(hook, "w", encoding="ascii") as file:
                file.write("#!/bin/sh\n" + text)
            os.chmod(hook, 0o755)
            hooks.append(f"--{kind}-hook={hook}")
        root = os.path.join(name, "root")
        command = ["mmdebstrap", "--variant=apt", f"--include={','.join(PACKAGES)}",
                   "--dpkgopt=path-exclude=/usr/share/doc/*",
                   "--dpkgopt=path-exclude=/usr/share/locale/*",
                   "--dpkgopt=path-exclude=/usr/share/man/*", *hooks, suite, root,
                   f"deb [signed-by={KEYRING}] {archive} {suite} main"]
        with open(log, "w", encoding="utf-8") as file, \
                subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, encoding="utf-8",
                                 errors="replace") as process:
            for line in process.stdout:
                file.write(line)
                if line.startswith("I: "):      # the steps of mmdebstrap
                    say(f"{suite}: {line[3:].rstrip()}")
        if process.returncode:
            raise Failure(f"mmdebstrap failed: see {log}")
        partial = image.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        run("mkfs.ext4", "-q", "-d", root, "-E", "lazy_itable_init=1", partial, SIZE)
        partial.rename(image)
        shutil.rmtree(root)
    log.unlink()
