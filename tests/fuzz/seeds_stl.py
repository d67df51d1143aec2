"""Seeds of the target `stl`, by numpy-stl 4.1 and trimesh 5.2: python seeds_stl.py

Prints volume, area and watertightness by trimesh for the table in tests/surfaces.rs.
"""

import io
import pathlib
import struct

import numpy as np
import trimesh
from stl import Mode, mesh

OUT = pathlib.Path(__file__).parent / "corpus" / "stl"
OUT.mkdir(parents=True, exist_ok=True)


def numpy_stl(shape, mode):
    data = np.zeros(len(shape.faces), dtype=mesh.Mesh.dtype)
    data["vectors"] = shape.triangles
    part = mesh.Mesh(data)
    part.update_normals()
    out = io.BytesIO()
    part.save("part.stl", fh=out, mode=mode)
    return out.getvalue()


def put(name, content):
    (OUT / name).write_bytes(content)
    assert len(content) < 2048, (name, len(content))


def told(name, content, kind):
    put(name, content)
    part = trimesh.load_mesh(io.BytesIO(content), file_type=kind)
    print(name, float(part.volume), float(part.area), part.is_watertight, len(part.faces))


box = trimesh.creation.box(extents=(1, 2, 3))
box.apply_translation((5, -3, 0.5))
wedge = trimesh.Trimesh(
    [[0, 0, 0], [4, 0, 0], [0, 3, 0], [0, 0, 5]], [[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]
)
ball = trimesh.creation.icosahedron()
hole = trimesh.Trimesh(box.vertices, box.faces[:-1], process=False)
inverted = box.copy()
inverted.invert()
touching = trimesh.util.concatenate([wedge, wedge.copy().apply_transform(np.diag([-1, -1, 1, 1]))])
void = wedge.copy().apply_scale(0.5).apply_translation((0.3, 0.3, 0.3))
void.invert()
nested = trimesh.util.concatenate([wedge, void])

told("box-binary.stl", numpy_stl(box, Mode.BINARY), "stl")
told("box-text.stl", trimesh.exchange.stl.export_stl_ascii(box).encode(), "stl_ascii")
told("wedge-text.stl", numpy_stl(wedge, Mode.ASCII), "stl_ascii")
told("ball.stl", trimesh.exchange.stl.export_stl(ball), "stl")
told("hole.stl", trimesh.exchange.stl.export_stl(hole), "stl")
told("inverted.stl", trimesh.exchange.stl.export_stl(inverted), "stl")
told("touching.stl", trimesh.exchange.stl.export_stl(touching), "stl")
binary = trimesh.exchange.stl.export_stl(box)
told("solid-binary.stl", b"solid box".ljust(80) + binary[80:], "stl")
flipped = trimesh.Trimesh(box.vertices, np.vstack([box.faces[:-1], box.faces[-1:, ::-1]]), process=False)
told("flipped.stl", trimesh.exchange.stl.export_stl(flipped), "stl")
told("nested.stl", trimesh.exchange.stl.export_stl(nested), "stl")
put("cut.stl", binary[:-7])
put("cut-text.stl", numpy_stl(wedge, Mode.ASCII)[:-40])
put("count.stl", binary[:80] + struct.pack("<I", 0xFFFFFFFF) + binary[84:])
nan = bytearray(binary)
nan[84 + 12 : 84 + 16] = struct.pack("<f", float("nan"))
put("nan.stl", bytes(nan))
put("empty-text.stl", b"solid\nendsolid\n")
text = numpy_stl(wedge, Mode.ASCII)
put("comma.stl", text.replace(b" 4 0 0", b" 4,0 0 0"))
put("upper.stl", text.upper().replace(b"\n", b"\r\n"))
far = wedge.copy().apply_translation((0, 0, 1e3))
put("two-solids.stl", text + numpy_stl(far, Mode.ASCII))
