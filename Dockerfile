# docker build -t wherry .          (podman build, buildah bud: the same)
#
# The result is git with HTTP and SSH, tini, Node, Wherry, and what of Debian those need. Its layers are, from the one
# that changes least: Debian, Node, Wherry; an update of Wherry pulls the last one alone.

FROM node:26-bookworm-slim AS node


FROM node AS program
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json rolldown.config.ts ./
COPY src src
RUN npm run build
RUN mkdir -p /program/opt /program/usr/local/bin \
 && cp -r dist /program/opt/wherry \
 && ln -s /opt/wherry/wherry.cjs /program/usr/local/bin/wherry \
 && chmod -R u=rwX,go=rX /program \
 && chmod 0755 /program/opt/wherry/wherry.cjs


# The symbols for debuggers are a quarter of the binary.
FROM node AS stripped
RUN apt-get update \
 && apt-get install -y --no-install-recommends binutils \
 && mkdir -p /image/usr/local/bin \
 && strip -o /image/usr/local/bin/node /usr/local/bin/node \
 && /image/usr/local/bin/node --version \
# Equal times make an equal layer of equal content, with or without a build cache.
 && find /image -exec touch --no-dereference --date=2026-01-01 {} +


# Picks git, ssh, tini, a shell with the basic commands, and the packages that those depend on. Left out is what no git
# command of Wherry's runs: Perl, the package manager, the tools and libraries for accounts and logins.
FROM node AS debian
ARG KEEP="base-files ca-certificates coreutils dash git grep libatomic1 libstdc++6 openssh-client sed tini"
ARG LEAVE="adduser|ca-certificates|debconf|dpkg|git-man|libaudit|libbz2|libcap-ng|libdb5|liberror-perl|libgdbm|liblzma|\
libpam|libperl|libsasl2-modules-db|libsemanage|libsepol|mawk|openssl|passwd|perl|tar"
RUN apt-get update \
 && apt-get install -y --no-install-recommends $KEEP \
 && mkdir -p /image/usr/bin /image/usr/lib /image/usr/lib64 /image/usr/sbin /image/etc/ssl/certs \
      /image/var/lib/dpkg/status.d \
 && cp -a /bin /lib /lib64 /sbin /image \
 && apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances \
      $KEEP | grep '^[a-z]' | sort -u | grep -Ev "^($LEAVE)" > /packages \
 && dpkg-query --show --showformat '${Package}\n' | sort -u | grep -Fxf /packages > /picked \
 && xargs dpkg-query --listfiles < /picked | grep '^/' | grep -Ev '/(doc-base|bug|lintian|man|locale|gconv)(/|$)' \
      | sort -u | tar -c --no-recursion --ignore-failed-read -T - 2>/dev/null | tar -x -C /image \
# Scanners for vulnerabilities find the packages here.
 && while read -r package; do dpkg -s "$package" > "/image/var/lib/dpkg/status.d/$package"; done < /picked \
 && cp -L /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
# The package has them as hard links, which a COPY turns into copies.
 && for name in git git-shell scalar; do ln -sf "../../bin/$name" "/image/usr/lib/git-core/$name"; done \
# No file that raises privileges.
 && find /image -xdev -perm /6000 -type f -exec chmod a-s {} + \
# ssh refuses to run for a user that /etc/passwd does not name.
 && printf '%s\n' root:x:0:0:root:/root:/bin/sh wherry:x:65532:65532:Wherry:/nonexistent:/bin/false > /image/etc/passwd \
 && printf '%s\n' root:x:0: wherry:x:65532: > /image/etc/group \
# A volume that an engine makes for /config takes this directory's owner.
 && install -d -o 65532 -g 65532 /image/config \
 && find /image -exec touch --no-dereference --date=2026-01-01 {} +


FROM scratch AS runtime
COPY --from=debian /image /
COPY --from=stripped /image /
ENV PATH=/usr/local/bin:/usr/bin:/bin
COPY --from=program /program /


# What V8 compiles at start, kept under the final user and path: of a sidecar that is ended after three seconds, and of
# init containers whose servers refuse the connection, or that find no credentials.
FROM runtime AS compiled
ENV NODE_COMPILE_CACHE=/tmp/cache
USER 65532:65532
RUN mkdir /tmp/set \
 && git init -q /tmp/repository \
 && git -C /tmp/repository -c user.name=build -c user.email=build@localhost commit -q --allow-empty -m Empty \
 && export WHERRY_SOURCE=git WHERRY_ALLOW_EMPTY=true WHERRY_TARGET=/tmp/set WHERRY_LOG_LEVEL=silent \
 && timeout --preserve-status 3 wherry run --git-repo /tmp/repository --reload-url http://127.0.0.1:9/ \
 && ! wherry init --git-repo http://127.0.0.1:9/ --init-timeout 1s \
 && export WHERRY_SOURCE=s3 WHERRY_S3_BUCKET=none WHERRY_S3_POINTER=none \
 && ! AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none \
      wherry init --s3-endpoint http://127.0.0.1:9 --init-timeout 1s \
 && ! AWS_EC2_METADATA_DISABLED=true wherry init --init-timeout 3s \
 && chmod -R a=rX /tmp/cache


FROM runtime
COPY --from=compiled --chown=0:0 /tmp/cache /opt/wherry/cache
# One arena: threads that have their own keep what they were given. And what is free at its end goes back soon.
ENV NODE_COMPILE_CACHE=/opt/wherry/cache MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=65536
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Wherry" \
      org.opencontainers.image.description="Keeps a pod's configuration true to Git or S3: every change one atomic set and one reload, refused or rolled back when bad" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
USER 65532:65532
EXPOSE 9717
# -s: orphans come to tini also where it is not PID 1, as in a pod with shareProcessNamespace.
ENTRYPOINT ["/usr/bin/tini", "-s", "--", "/usr/local/bin/wherry"]
