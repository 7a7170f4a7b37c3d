#!/bin/sh
# sh pick.sh DIRECTORY PROGRAM
#
# Makes a root file system of the programs below, of what they load, and of what PROGRAM loads, which comes from
# elsewhere. A package is named in /var/lib/dpkg/status.d, where scanners look, when a file of it is in there.
set -eu
root=$1
guest=$2

{
  # git takes http-backend in `wherry demo`, and upload-pack for repositories that are directories.
  printf '/usr/bin/%s\n' git git-upload-pack ssh tini
  printf '/usr/lib/git-core/%s\n' git-http-backend git-remote-http git-remote-https
  # A shell for git, which starts ssh and upload-pack with it; and with the usual commands, for WHERRY_VALIDATE_EXEC and
  # WHERRY_RELOAD_EXEC.
  printf '/usr/bin/%s\n' sh dash grep sed \
    '[' basename cat chmod cksum cp cut date dirname echo env expr false head id ln ls mkdir mktemp mv printf pwd \
    readlink realpath rm rmdir seq sha256sum sleep sort stat tail tee test timeout touch tr true uname uniq wc
  # Names every user, for ssh: below.
  dpkg --listfiles libnss-unknown | grep '/lib.*\.so\.'
} > /programs
{
  cat /programs
  { cat /programs; echo "$guest"; } | while read -r program; do ldd "$program"; done | grep -o '/[^ ]*'
  printf '%s\n' /etc/debian_version /etc/os-release /usr/share/doc/ca-certificates/copyright
} > /files

# Each with what it links to. The directories of the root that are links to those of /usr are resolved.
place() { echo "$(realpath "$(dirname "$1")")/$(basename "$1")"; }
while read -r file; do
  while file=$(place "$file") && echo "$file" && [ -L "$file" ]; do
    file=$(cd "$(dirname "$file")" && place "$(readlink "$file")")
  done
done < /files | sort -u > /picked

mkdir -p "$root"
sed "s,^/,," /picked | tar -c -C / --no-recursion -T - | tar -x -C "$root"
for link in /bin /sbin /lib*; do
  if [ -L "$link" ] && [ -d "$root/$(readlink "$link")" ]; then cp -P "$link" "$root"; fi
done

# Packages name their files with or without the /usr.
sed 'p; s#^/usr##' /picked > /names
mkdir -p "$root/var/lib/dpkg/status.d"
grep -lFxf /names /var/lib/dpkg/info/*.list | sed 's#.*/##; s#\.list$##' | while read -r package; do
  name=${package%:*}
  dpkg-query --status "$package" > "$root/var/lib/dpkg/status.d/$name"
  mkdir -p "$root/usr/share/doc/$name"
  cp -L "/usr/share/doc/$name/copyright" "$root/usr/share/doc/$name"
done
cp -r /usr/share/common-licenses "$root/usr/share"

mkdir -p "$root/etc/ssl/certs" "$root/dev" "$root/proc" "$root/root" "$root/run" "$root/sys" "$root/tmp"
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs"
# ssh refuses to run for a user without a name: the last resort names all.
printf '%s\n' root:x:0:0:root:/root:/bin/sh wherry:x:65532:65532:Wherry:/nonexistent:/bin/false > "$root/etc/passwd"
printf '%s\n' root:x:0: wherry:x:65532: > "$root/etc/group"
printf '%s\n' 'passwd: files unknown' 'group: files' 'hosts: files dns' > "$root/etc/nsswitch.conf"

chmod -R u=rwX,go=rX "$root"
chmod 1777 "$root/tmp"
# A volume that an engine makes for /config takes this directory's owner.
install -d -o 65532 -g 65532 "$root/config"
# Equal times make an equal layer of equal content, with or without a build cache.
find "$root" -exec touch --no-dereference --date=2026-01-01 {} +
