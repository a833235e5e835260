"""Writes the rasters beside this script with GDAL: python -m pip install numpy rasterio; python make.py

Every one is the same ground: 20 x 15 samples from 106 E 30 N, 0.001 degrees apart, the height of column c and row r
(from the north) being 600 + 2 c + 3 r metres. They differ in how GDAL was asked to write them.
"""

import os
from pathlib import Path

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.transform import Affine
from rasterio.windows import Window

here = Path(__file__).parent
columns, rows, step = 20, 15, 0.001
r, c = np.mgrid[0:rows, 0:columns]
ground = 600.0 + 2 * c + 3 * r
north_up = Affine(step, 0, 106, 0, -step, 30)


def write(name, values, transform=north_up, crs="EPSG:4326", nodata=None, then=None, bands=1, **options):
    path = here / f"{name}.tif"
    profile = dict(driver="GTiff", width=columns, height=rows, count=bands, dtype=values.dtype, crs=crs,
                   transform=transform, nodata=nodata, **options)
    with rasterio.open(path, "w", **{k: v for k, v in profile.items() if v is not None}) as out:
        for band in range(1, bands + 1):
            out.write(values, band)
        if then:
            then(out)


def meaning(scale=None, offset=None, unit=None):
    def apply(out):
        if scale is not None:
            out.scales = [scale]
        if offset is not None:
            out.offsets = [offset]
        if unit is not None:
            out.units = [unit]
    return apply


def whole(values, dtype="int16"):
    return np.round(values).astype(dtype)


def main():
    # Scale, offset, unit.
    write("scale", whole(ground * 10, "uint16"), then=meaning(0.1))
    write("scale-offset", whole((ground + 1000) * 10, "uint16"), then=meaning(0.1, -1000))
    write("offset", whole(ground - 500), then=meaning(offset=500))
    holes = whole((ground - 600) * 10)
    holes[5, 5] = 0
    holes[0, 0] = 1
    write("scale-nodata", holes, nodata=0, then=meaning(0.1, 600))
    write("feet", (ground / 0.3048).astype("float32"), then=meaning(unit="ft"))
    write("us-feet", (ground * 3937 / 1200).astype("float64"), then=meaning(unit="US survey foot"))
    write("scaled-feet", whole(ground / 0.3048 * 10, "int32"), then=meaning(0.1, unit="ft"))
    write("metres", whole(ground), then=meaning(unit="metre"))
    write("fathoms", whole(ground / 1.8288), then=meaning(unit="fathom"))
    write("vertical-us-feet", (ground * 3937 / 1200).astype("float32"), crs="EPSG:4326+6360")
    write("vertical-metres", whole(ground), crs="EPSG:4326+5773")
    write("vertical-depth", whole(ground), crs="EPSG:4326+5715")
    write("sidecar", whole(ground * 10))
    (here / "sidecar.tif.aux.xml").write_text(
        '<PAMDataset>\n  <PAMRasterBand band="1">\n    <Offset>0</Offset>\n    <Scale>0.1</Scale>\n'
        "    <UnitType>m</UnitType>\n  </PAMRasterBand>\n</PAMDataset>\n")
    # Where the samples lie.
    point = Affine(step, 0, 106, 0, -step, 30)
    write("pixel-is-point", whole(ground), transform=point, then=lambda out: out.update_tags(AREA_OR_POINT="Point"))
    write("south-up", whole(ground[::-1]), transform=Affine(step, 0, 106, 0, step, 30 - rows * step))
    write("south-up-point", whole(ground[::-1]), transform=Affine(step, 0, 106, 0, step, 30 - rows * step),
          then=lambda out: out.update_tags(AREA_OR_POINT="Point"))
    write("east-west", whole(ground[:, ::-1]), transform=Affine(-step, 0, 106 + columns * step, 0, -step, 30))
    write("rotated", whole(ground), transform=Affine(step, step / 10, 106, step / 10, -step, 30))
    write("turned", whole(ground), transform=Affine(step, 0, 106 - 360, 0, -step, 30))
    write("utm", whole(ground), transform=Affine(100, 0, 600000, 0, -100, 3300000), crs="EPSG:32648")
    write("unplaced-metres", whole(ground), transform=Affine(100, 0, 600000, 0, -100, 3300000), crs=None)
    write("grads", whole(ground), crs=CRS.from_epsg(4901))
    # How they are written.
    write("int8", whole(ground - 600, "int8"), then=meaning(1, 600))
    write("uint32", whole(ground, "uint32"))
    write("int64", whole(ground, "int64"))
    write("float16", ground.astype("float32"), nbits=16)
    write("float32-predictor", ground.astype("float32"), compress="deflate", predictor=3, tiled=True, blockxsize=16, blockysize=16)
    write("int16-predictor", whole(ground), compress="lzw", predictor=2, tiled=True, blockxsize=16, blockysize=16)
    write("big-endian", whole(ground), endianness="big", bigtiff="yes")
    write("strips", whole(ground), blockysize=4, compress="packbits")
    with rasterio.Env(GDAL_TIFF_OVR_BLOCKSIZE=64):
        write("overviews", whole(ground), compress="deflate", then=lambda out: out.build_overviews([2]))
    write("nbits", whole(ground, "uint16"), nbits=12)
    write("zstd", whole(ground), compress="zstd")
    write("lerc", ground.astype("float32"), compress="lerc")
    # What else a file may hold.
    write("two-bands", whole(ground), bands=2)
    write("white-is-zero", whole(ground, "uint16"), photometric="miniswhite")
    write("palette", whole(ground / 10, "uint8"), photometric="palette",
          then=lambda out: out.write_colormap(1, {n: (n, n, n, 255) for n in range(256)}))
    hidden = np.full((rows, columns), 255, dtype="uint8")
    hidden[5:8, 5:8] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        write("mask", whole(ground), then=lambda out: out.write_mask(hidden))
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False):
        write("mask-beside", whole(ground), then=lambda out: out.write_mask(hidden))
    path = here / "sparse.tif"
    profile = dict(driver="GTiff", width=columns, height=rows, count=1, dtype="int16", crs="EPSG:4326", transform=north_up,
                   nodata=-9999, tiled=True, blockxsize=16, blockysize=16, sparse_ok=True)
    with rasterio.open(path, "w", **profile) as out:
        out.write(whole(ground)[:, :16], 1, window=Window(0, 0, 16, rows))


main()
