//! Structures as images for other programs.

use std::io::{self, Seek, Write};

use tiff::TiffError;
use tiff::encoder::compression::DeflateLevel;
use tiff::encoder::{Compression, Rational, TiffEncoder, TiffKind, colortype::Gray8};
use tiff::tags::Tag;

use super::structure::Structure;

/// From this many bytes of pixels on, BigTIFF: offsets of 32 bits might not do. ImageJ opens it
/// through Bio-Formats.
const BIG: u64 = 3_500_000_000;

/// Writes a TIFF with a page a slice, 8-bit grey, deflated: 0 pore to 255 solid, shares between;
/// the labels of three phases and more. The size of a voxel stands in the tags and the description
/// that ImageJ reads, in micrometres.
pub fn write_tiff(structure: &Structure, out: impl Write + Seek) -> io::Result<()> {
    let bytes = structure.len() as u64;
    let done = if bytes < BIG {
        TiffEncoder::new(out).and_then(|t| pages(structure, t))
    } else {
        TiffEncoder::new_big(out).and_then(|t| pages(structure, t))
    };
    done.map_err(|e| match e {
        TiffError::IoError(e) => e,
        other => io::Error::other(other),
    })
}

fn pages<W: Write + Seek, K: TiffKind>(
    structure: &Structure,
    tiff: TiffEncoder<W, K>,
) -> Result<(), TiffError> {
    let mut tiff = tiff.with_compression(Compression::Deflate(DeflateLevel::Balanced));
    let [nx, ny, nz] = structure.n;
    if structure.is_empty() {
        return Err(io::Error::other("a structure without voxels has no image").into());
    }
    let (width, height) = (u32::try_from(nx)?, u32::try_from(ny)?);
    let [x, y, z] = structure.h.map(|h| h * 1e6);
    let description =
        format!("ImageJ=1.54f\nimages={nz}\nslices={nz}\nunit=micron\nspacing={z}\nloop=false\n");
    let labels = structure.phases() > 2;
    let mut page = vec![0; nx * ny];
    for k in 0..nz {
        for (i, grey) in page.iter_mut().enumerate() {
            let voxel = k * nx * ny + i;
            *grey = match &structure.partial {
                _ if labels => structure.phase[voxel],
                Some(partial) => 255 - partial.pore[voxel],
                None if structure.phase[voxel] == 0 => 0,
                None => 255,
            };
        }
        let mut image = tiff.new_image::<Gray8>(width, height)?;
        image.encoder().write_tag(Tag::XResolution, per_micron(x))?;
        image.encoder().write_tag(Tag::YResolution, per_micron(y))?;
        if k == 0 {
            image.encoder().write_tag(Tag::ImageDescription, description.as_str())?;
        }
        image.write_data(&page)?;
    }
    Ok(())
}

/// Pixels a micrometre of a voxel of this many, with nine digits or more where 32 bits hold them.
fn per_micron(edge: f64) -> Rational {
    let mut n = 1_000_000_000;
    while n > 1 && f64::from(n) * edge > f64::from(u32::MAX) {
        n /= 10;
    }
    Rational { n, d: (f64::from(n) * edge).round().max(1.0) as u32 }
}
