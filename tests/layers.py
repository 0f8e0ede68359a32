#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""layers.py OUT VICTIM [NAME…]: make the crafted images of tests/layerctl*.sh, all or those that are named.

Each is an OCI layout OUT/NAME with one image, tag t. VICTIM is a directory outside that some of
them aim at. Only the standard library is used.
"""
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile
import zlib

OUT, VICTIM = sys.argv[1], sys.argv[2]
TAR = 'application/vnd.oci.image.layer.v1.tar'
GZIP = TAR + '+gzip'
CASES = {}


def case(name):
    def register(fn):
        CASES[name] = fn
        return fn
    return register


def sha(data):
    return hashlib.sha256(data).hexdigest()


class Tar:
    """A tar archive in the making."""

    def __init__(self, form=tarfile.PAX_FORMAT):
        self.out = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.out, mode='w', format=form)

    def add(self, name, data=None, **members):
        info = tarfile.TarInfo(name)
        info.mtime = 1000000000
        for key, value in members.items():
            setattr(info, key, value)
        if data is not None:
            info.size = len(data)
        if info.type == tarfile.DIRTYPE and 'mode' not in members:
            info.mode = 0o755
        self.tar.addfile(info, io.BytesIO(data) if data is not None else None)
        return self

    def file(self, name, data=b'x', **members):
        return self.add(name, data, **members)

    def dir(self, name, **members):
        return self.add(name, type=tarfile.DIRTYPE, **members)

    def link(self, name, target):
        return self.add(name, type=tarfile.SYMTYPE, linkname=target)

    def hard(self, name, target):
        return self.add(name, type=tarfile.LNKTYPE, linkname=target)

    def node(self, name, major, minor, kind=tarfile.CHRTYPE):
        return self.add(name, type=kind, devmajor=major, devminor=minor)

    def bytes(self, end=True):
        if end:
            self.tar.close()
        return self.out.getvalue()


class Layer:
    """A blob and what the image says about it."""

    def __init__(self, plain, blob=None, media=GZIP, diff_id=None, size=None, digest=None):
        if isinstance(plain, Tar):
            plain = plain.bytes()
        self.blob = gzip.compress(plain, mtime=0) if blob is None else blob
        self.media = media
        self.diff_id = diff_id or 'sha256:' + sha(plain)
        self.size = len(self.blob) if size is None else size
        self.digest = digest or 'sha256:' + sha(self.blob)


def write(path, data):
    with open(path, 'wb') as f:
        f.write(data)


class Layout:
    def __init__(self, path):
        self.path = path
        os.makedirs(path + '/blobs/sha256')
        write(path + '/oci-layout', b'{"imageLayoutVersion": "1.0.0"}')
        self.manifests = []

    def blob(self, data, name=None):
        write(self.path + '/blobs/sha256/' + (name or sha(data)), data)
        return {'digest': 'sha256:' + sha(data), 'size': len(data)}

    def json(self, value, pad=0):
        return self.blob((json.dumps(value) + ' ' * pad).encode())

    def image(self, layers, tag='t', diff_ids=None, config=None, pad=0):
        for layer in layers:
            digits = layer.digest.split(':')[1]
            if '/' not in digits:
                self.blob(layer.blob, digits)
        ids = [l.diff_id for l in layers] if diff_ids is None else diff_ids
        conf = self.json({'os': 'linux', 'architecture': 'amd64', 'config': config or {},
                          'rootfs': {'type': 'layers', 'diff_ids': ids}})
        man = {'schemaVersion': 2,
               'config': {'mediaType': 'application/vnd.oci.image.config.v1+json', **conf},
               'layers': [{'mediaType': l.media, 'digest': l.digest, 'size': l.size}
                          for l in layers]}
        entry = {'mediaType': 'application/vnd.oci.image.manifest.v1+json', **self.json(man, pad)}
        if tag:
            entry['annotations'] = {'org.opencontainers.image.ref.name': tag}
        self.manifests.append(entry)
        return entry

    def raw(self, manifest):
        """A manifest of any bytes."""
        self.manifests.append({'mediaType': 'application/vnd.oci.image.manifest.v1+json',
                               **self.blob(manifest),
                               'annotations': {'org.opencontainers.image.ref.name': 't'}})

    def done(self):
        write(self.path + '/index.json',
              json.dumps({'schemaVersion': 2, 'manifests': self.manifests}).encode())


def one(tar, **members):
    """An image of one layer."""
    return lambda layout: layout.image([Layer(tar(), **members)])


def simple(name):
    """A case whose image is the layer, or layers, that the function returns."""
    def register(fn):
        def make(layout):
            made = fn()
            made = made if isinstance(made, list) else [made]
            layout.image([m if isinstance(m, Layer) else Layer(m) for m in made])
        CASES[name] = make
        return fn
    return register


# --- paths that lead out -------------------------------------------------------------------------
simple('dotdot')(lambda: Tar().file('../../x').file('a/../../../y'))
simple('absolute')(lambda: Tar().file('/x').file('//etc//y'))
simple('link-then-child')(lambda: Tar().link('ln', VICTIM).file('ln/x'))
simple('link-next-layer')(lambda: [Tar().link('ln', VICTIM), Tar().file('ln/x')])
simple('link-up')(lambda: Tar().link('ln', '../../../../../../../..' + VICTIM).file('ln/x'))
simple('link-inside')(lambda: Tar().dir('usr/lib').link('lib', '/usr/lib').file('lib/x'))
simple('link-loop')(lambda: Tar().link('a', 'b').link('b', 'a').file('a/x'))
simple('link-overwrite')(lambda: Tar().link('x', VICTIM + '/secret').file('x', b'overwritten'))
simple('hard-dotdot')(lambda: Tar().hard('h', '../../../../../../..' + VICTIM + '/secret'))
simple('hard-absolute')(lambda: Tar().hard('h', VICTIM + '/secret'))
simple('hard-via-link')(lambda: Tar().link('ln', VICTIM).hard('h', 'ln/secret'))
simple('hard-link-itself')(lambda: Tar().link('ln', VICTIM + '/secret').hard('h', 'ln'))
simple('hard-before')(lambda: Tar().hard('h', 'f').file('f'))
simple('hard-dir')(lambda: Tar().dir('d').hard('h', 'd'))
simple('hard-ok')(lambda: Tar().file('f', b'same').hard('h', '/f').hard('d/h', './f'))
simple('root-link')(lambda: Tar().link('.', VICTIM).file('x'))
simple('root-file')(lambda: Tar().file('./'))
simple('ends-dotdot')(lambda: Tar().dir('a').dir('a/..'))

# --- whiteouts -----------------------------------------------------------------------------------
simple('wh-dotdot')(lambda: Tar().file('.wh...', b''))
simple('wh-dotdot-deep')(lambda: Tar().file('a/.wh...', b''))
simple('wh-dot')(lambda: Tar().file('a/.wh..', b''))
simple('wh-bare')(lambda: Tar().file('.wh.', b''))
simple('wh-unknown-mark')(lambda: Tar().file('.wh..wh.new', b''))
simple('wh-child')(lambda: Tar().file('.wh.d/x', b''))
simple('wh-via-link')(lambda: [Tar().file('in/f').file('in/g'),
                               Tar().dir('in').link('ln', '/in').file('ln/.wh.f', b'')])
simple('wh-via-link-out')(lambda: Tar().link('ln', VICTIM).file('ln/.wh.secret', b''))
simple('opaque-via-link')(lambda: Tar().link('ln', VICTIM).file('ln/.wh..wh..opq', b''))
simple('wh-order')(lambda: [Tar().file('f', b'old').file('d/old').file('gone').file('o/old'),
                            Tar().file('f', b'new').file('.wh.f', b'').file('.wh.d', b'')
                            .file('d/new').file('.wh.gone', b'').file('o/new')
                            .file('o/.wh..wh..opq', b'')])
simple('wh-aufs')(lambda: Tar().dir('.wh..wh.plnk').file('.wh..wh.plnk/7.1').file('.wh..wh.aufs')
                  .dir('.wh..wh.orph').file('real'))
simple('opaque-root')(lambda: [Tar().file('old'), Tar().file('.wh..wh..opq', b'').file('new')])
simple('c00')(lambda: [Tar().file('f'), Tar().node('f', 0, 0)])

# --- names twice, wrong kinds ----------------------------------------------------------------------
simple('dup-file')(lambda: Tar().file('x', b'first').file('x', b'second'))
simple('dup-file-dir')(lambda: Tar().file('x').dir('x').file('x/y'))
simple('dup-dir')(lambda: Tar().dir('d', mode=0o700).file('d/f').dir('d', mode=0o755))
simple('file-child')(lambda: Tar().file('x').file('x/y'))
simple('missing-parents')(lambda: Tar().file('a/b/c/f').dir('a/b', mode=0o711))
simple('dir-over-link')(lambda: [Tar().dir('usr/lib').link('lib', 'usr/lib'),
                                 Tar().dir('lib').file('lib/x')])
simple('fifo')(lambda: Tar().add('pipe', type=tarfile.FIFOTYPE, mode=0o640)
               .link('etc/passwd', '../pipe'))
simple('device')(lambda: Tar().node('null', 1, 3))
simple('device-block')(lambda: Tar().node('sda', 8, 0, tarfile.BLKTYPE))

# --- metadata --------------------------------------------------------------------------------------
CAP_NET_RAW = b'\x01\x00\x00\x02\x00\x20\x00\x00' + b'\x00' * 12
simple('setuid')(lambda: Tar().file('su', mode=0o4755).file('sg', mode=0o2755)
                 .file('cap', pax_headers={'SCHILY.xattr.security.capability':
                                           CAP_NET_RAW.decode('latin-1')}))
simple('overlay-xattrs')(lambda: Tar().dir('d', pax_headers={
    'SCHILY.xattr.trusted.overlay.opaque': 'y', 'SCHILY.xattr.trusted.overlay.redirect': '/etc',
    'SCHILY.xattr.user.overlay.whiteout': 'y', 'SCHILY.xattr.security.selinux': 'u:r:t',
    'SCHILY.xattr.trusted.kept': 'v'}))
simple('metadata')(lambda: Tar().file('f', b'hello', mode=0o640, uid=1234, gid=4321,
                                      mtime=1234567890).dir('d', mode=0o1777, mtime=1234567891)
                   .file('d/x').link('l', 'f').dir('./', mode=0o750))
simple('negative-mtime')(lambda: Tar().file('old', mtime=-5))
simple('uid-4g')(lambda: Tar().file('rooted', uid=1 << 32))
simple('uid-minus')(lambda: Tar().file('rooted', uid=(1 << 32) - 1))
simple('name-300')(lambda: Tar().file('n' * 300))
simple('name-control')(lambda: Tar().file('a\nb\x1b[31m').file('a\nb\x1b[31m', b'again'))
simple('name-utf8')(lambda: Tar().file('e\u0301').file('\u00e9').link('l', 'e\u0301'))
simple('name-gnu')(lambda: Tar(tarfile.GNU_FORMAT).file('d' * 120 + '/' + 'f' * 120)
                   .link('l', 't' * 150))
simple('deep')(lambda: Tar().file('/'.join('d' * 300) + '/f'))

# --- blobs -----------------------------------------------------------------------------------------
GOOD = Tar().file('good').bytes()


simple('good')(lambda: Layer(GOOD))
simple('bad-digest')(lambda: Layer(GOOD, digest='sha256:' + sha(b'other')))
simple('bad-diff-id')(lambda: Layer(GOOD, diff_id='sha256:' + sha(b'other')))
simple('bad-size')(lambda: Layer(GOOD, size=len(gzip.compress(GOOD)) + 1))
simple('digest-path')(lambda: Layer(GOOD, digest='sha256:../../../../etc/passwd'))
simple('digest-sha512')(lambda: Layer(GOOD, digest='sha512:' + 'a' * 128))
simple('gzip-garbage')(lambda: Layer(GOOD, blob=gzip.compress(GOOD) + b'garbage behind'))
simple('tar-garbage')(lambda: Layer(GOOD + b'garbage behind'))
simple('gzip-members')(lambda: Layer(GOOD, blob=gzip.compress(GOOD[:700]) + gzip.compress(GOOD[700:])))
simple('gzip-truncated')(lambda: Layer(GOOD, blob=gzip.compress(os.urandom(2000) + GOOD)[:-900]))
simple('tar-as-gzip')(lambda: Layer(GOOD, blob=GOOD))
simple('gzip-as-tar')(lambda: Layer(GOOD, media=TAR))
simple('plain-tar')(lambda: Layer(GOOD, blob=GOOD, media=TAR))
simple('media-unknown')(lambda: Layer(GOOD, media=TAR + '+lzip'))
simple('no-eof')(lambda: Layer(Tar().file('f', b'y' * 512).bytes(end=False)))
simple('unpadded')(lambda: Layer(Tar().file('a').file('f', b'y' * 700).bytes(end=False)[:-324]))
simple('cut-inside')(lambda: Layer(Tar().file('f', b'y' * 700).bytes(end=False)[:-424]))
simple('cut-header')(lambda: Layer(GOOD[:300]))
simple('empty-tar')(lambda: Layer(Tar()))
simple('empty-stream')(lambda: Layer(b''))
simple('not-tar')(lambda: Layer(b'this is no archive at all ' * 100))
simple('checksum')(lambda: Layer(Tar().file('a').bytes().replace(b'0000644', b'0000755', 1)))


def gzip_zeros(size):
    """zlib at level 9 without holding the zeros; hash and blob."""
    pack, hashed = zlib.compressobj(9, zlib.DEFLATED, 31), hashlib.sha256()
    head = Tar(tarfile.GNU_FORMAT)
    info = tarfile.TarInfo('zeros')
    info.size = size
    data = info.tobuf(tarfile.GNU_FORMAT)
    blob = pack.compress(data)
    hashed.update(data)
    piece = bytes(1 << 20)
    for _ in range(size >> 20):
        blob += pack.compress(piece)
        hashed.update(piece)
    tail = bytes(1024)
    hashed.update(tail)
    del head
    return Layer(b'', blob=blob + pack.compress(tail) + pack.flush(),
                 diff_id='sha256:' + hashed.hexdigest())


simple('bomb')(lambda: gzip_zeros(64 << 20))


@simple('entries')
def entries():
    tar = Tar(tarfile.USTAR_FORMAT)
    for i in range(2000):
        tar.file('f%d' % i, b'')
    return tar


@simple('sparse')
def sparse():
    """64 MiB with one block of data at its end, as GNU tar's PAX 1.0 sparse map."""
    size = 64 << 20
    tar = Tar()
    tar.file('GNUSparseFile.0/s', (b'1\n%d\n4096\n' % (size - 4096)).ljust(512, b'\0') + b'e' * 4096,
             pax_headers={'GNU.sparse.major': '1', 'GNU.sparse.minor': '0',
                          'GNU.sparse.name': 'sparse', 'GNU.sparse.realsize': str(size)})
    return tar.file('zeros', bytes(1 << 20) + b'end')


@simple('sparse-overlap')
def sparse_overlap():
    tar = Tar()
    tar.file('GNUSparseFile.0/s', b'2\n4096\n4096\n0\n4096\n'.ljust(512, b'\0') + b'e' * 8192,
             pax_headers={'GNU.sparse.major': '1', 'GNU.sparse.minor': '0',
                          'GNU.sparse.name': 'sparse', 'GNU.sparse.realsize': '16384'})
    return tar


# --- manifests -------------------------------------------------------------------------------------
@case('few-diff-ids')
def few_diff_ids(layout):
    layout.image([Layer(GOOD), Layer(Tar().file('b'))], diff_ids=['sha256:' + sha(GOOD)])


@case('json-big')
def json_big(layout):
    layout.image([Layer(GOOD)], pad=5 << 20)


@case('json-deep')
def json_deep(layout):
    layout.raw(b'{"a":' * 100 + b'1' + b'}' * 100)


@case('json-broken')
def json_broken(layout):
    layout.raw(b'{"config": ')


@case('two-tags')
def two_tags(layout):
    layout.image([Layer(GOOD)], tag='one')
    layout.image([Layer(GOOD), Layer(Tar().file('more'))], tag='two')


@case('platforms')
def platforms(layout):
    """An index in the index, of which one entry is for this machine."""
    arch = {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(os.uname().machine, os.uname().machine)
    mine = dict(layout.image([Layer(GOOD)], tag=None), platform={'os': 'linux', 'architecture': arch})
    other = dict(layout.image([Layer(Tar().file('other'))], tag=None),
                 platform={'os': 'plan9', 'architecture': arch})
    inner = layout.json({'schemaVersion': 2, 'manifests': [other, mine]})
    layout.manifests = [{'mediaType': 'application/vnd.oci.image.index.v1+json', **inner,
                         'annotations': {'org.opencontainers.image.ref.name': 't'}}]


@case('layers-200')
def layers_200(layout):
    layout.image([Layer(Tar(tarfile.USTAR_FORMAT).file('f%d' % i, b'%d' % i).file('top', b'%d' % i))
                  for i in range(200)])


@case('layers-501')
def layers_501(layout):
    layout.image([Layer(Tar(tarfile.USTAR_FORMAT).file('f%d' % i, b'')) for i in range(501)])


@case('config')
def with_config(layout):
    layout.image([Layer(GOOD)], config={'Cmd': ['/bin/sh', '-c'], 'Env': ['PATH=/bin'],
                                        'WorkingDir': '/srv', 'User': '7:8'})


@case('other-blob')
def other_blob(layout):
    """The layer of 'good' in another packing: another blob, the same DiffID."""
    layout.image([Layer(GOOD, blob=GOOD, media=TAR)])


@case('false-pair')
def false_pair(layout):
    """A blob that claims to be the layer of 'good' and is not."""
    bad = Tar().file('evil').bytes()
    layout.image([Layer(bad, diff_id='sha256:' + sha(GOOD))])


@case('big')
def big(layout):
    """Four layers of 3 MB that don't shrink."""
    layout.image([Layer(Tar().file('random%d' % i, os.urandom(3 << 20))) for i in range(4)])


def main():
    for name in sys.argv[3:] or CASES:
        if name not in CASES:
            sys.exit('layers.py: no image "%s". There are: %s' % (name, ' '.join(CASES)))
        layout = Layout(os.path.join(OUT, name))
        CASES[name](layout)
        layout.done()


main()
