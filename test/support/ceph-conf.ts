/** Even what is not written is kept in memory as it happens, which costs the most of a small request. */
const silence = [
  'ms',
  'monc',
  'rados',
  'objecter',
  'objclass',
  'osd',
  'filestore',
  'memstore',
  'rgw',
  'mon',
  'paxos',
]
  .map((name) => `debug ${name} = 0/0`)
  .join('\n');

/** Where one cluster lives, and how it is reached. */
export interface CephPlace {
  readonly directory: string;
  readonly fsid: string;
  readonly monitorPort: number;
  readonly gatewayPort: number;
}

/**
 * One copy of everything in memory, nothing asked for but the signatures of S3. Ceph's own ticks of 3 to 6 seconds
 * are what a start waits for, so they are short.
 */
export function cephConf({ directory, fsid, monitorPort, gatewayPort }: CephPlace): string {
  return `[global]
fsid = ${fsid}
mon host = [v1:127.0.0.1:${monitorPort}]
public addr = 127.0.0.1
public network = 127.0.0.0/8
cluster network = 127.0.0.0/8
ms bind ipv6 = false
ms bind msgr2 = false
ms mon client mode = crc
auth cluster required = none
auth service required = none
auth client required = none
mon client hunt interval = 0.2
mon client ping interval = 1
objecter tick interval = 0.2
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 4294967296
log file = ${directory}/log/$name.log
${silence}
admin socket =
pid file =
run dir = ${directory}
crash dir = ${directory}
[mon]
mon data = ${directory}/mon
mon tick interval = 1
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail warn = 1
mon data avail crit = 1
paxos propose interval = 0.02
paxos min wait = 0.01
[osd]
osd data = ${directory}/osd
osd heartbeat interval = 1
osd tick interval = 0.1
osd mon report interval = 1
[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:${gatewayPort}
rgw zone = default
rgw dns name = localhost
rgw crypt require ssl = false
rgw enable usage log = false
rgw thread pool size = 64
rgw enable gc threads = false
rgw enable lc threads = false
rgw enable quota threads = false
rgw run sync thread = false
`;
}
