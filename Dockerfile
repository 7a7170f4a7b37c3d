# docker build -t wherry .          (podman build, buildah build --layers: the same; deploy/image/README.md tells more)
#
# The result is git with HTTP and SSH, tini, Node, Wherry, and what of Debian those need. Its layers are, from the one
# that changes least: Debian, Node, Wherry; an update of Wherry pulls the last one alone.

ARG BASE=node:26-bookworm-slim
FROM ${BASE} AS node


# The mirror as it is now, or as it was at a time such as 20261129T000000Z.
FROM node AS packages
ARG SNAPSHOT=""
RUN if [ -n "$SNAPSHOT" ]; then \
      sed -i "s#//deb.debian.org/#//snapshot.debian.org/archive/#; s#^URIs: .*#&/$SNAPSHOT/#" \
        /etc/apt/sources.list.d/debian.sources; \
    fi \
 && apt-get -o Acquire::Check-Valid-Until=false update


# Picks git, ssh, tini, a shell with the basic commands, and the libraries that those and Node load. Left out is what no
# command of Wherry's runs: Perl, the package manager, the tools and libraries for accounts and logins.
FROM packages AS debian
RUN apt-get install -y --no-install-recommends ca-certificates git libnss-unknown openssh-client tini
COPY deploy/image/pick.sh /
RUN sh /pick.sh /image /usr/local/bin/node


# The symbols for debuggers are a quarter of the binary. Node's own root certificates are laid out as OpenSSL looks them
# up, one at a time.
FROM packages AS stripped
RUN apt-get install -y --no-install-recommends binutils openssl \
 && mkdir -p /image/usr/local/bin /image/usr/local/share/doc/node /image/etc/ssl/node \
 && strip -o /image/usr/local/bin/node /usr/local/bin/node \
 && /image/usr/local/bin/node --version \
 && cp /usr/local/LICENSE /image/usr/local/share/doc/node \
 && node -e 'tls.rootCertificates.forEach((pem, i) => fs.writeFileSync(`/image/etc/ssl/node/${i}.pem`, pem))' \
 && openssl rehash /image/etc/ssl/node \
 && chmod -R u=rwX,go=rX /image \
# Equal times make an equal layer of equal content, with or without a build cache.
 && find /image -exec touch --no-dereference --date=2026-01-01 {} +


# The same for every platform, so that no compiler runs emulated.
FROM --platform=$BUILDPLATFORM ${BASE} AS program
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json rolldown.config.ts ./
COPY src src
RUN npm run build
COPY deploy/image/bill-of-materials.ts deploy/image/
COPY --from=debian /image/usr/lib/os-release /image/var/lib/dpkg/status.d debian/
RUN mkdir -p /program/opt /program/usr/local/bin \
 && cp -r dist /program/opt/wherry \
 && node deploy/image/bill-of-materials.ts debian /program/opt/wherry \
 && ln -s /opt/wherry/wherry.cjs /program/usr/local/bin/wherry \
 && chmod -R u=rwX,go=rX /program \
 && chmod 0755 /program/opt/wherry/wherry.cjs \
 && find /program -exec touch --no-dereference --date=2026-01-01 {} +


FROM scratch
COPY --from=debian /image /
COPY --from=stripped /image /
COPY --from=program /program /
ENV PATH=/usr/local/bin:/usr/bin:/bin
# One arena: threads that have their own keep what they were given. What is as large as a buffer lies beside it and goes
# back alone, and what is free at its end goes back soon.
ENV MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=32768 MALLOC_TRIM_THRESHOLD_=65536
# Compiled code on disk saves a start a hundredth of a second, and costs the idle process half a MiB for as long as it
# runs. So do, over TLS, root certificates that are not those of the server.
ENV NODE_DISABLE_COMPILE_CACHE=1 NODE_OPTIONS=--use-openssl-ca SSL_CERT_DIR=/etc/ssl/node
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
