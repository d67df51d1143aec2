//! `<case>.xdmf`: the series as text for every XDMF reader (ParaView 5.11 and newer). Times are
//! in the case's unit of time; origin and spacing stand in the order z, y, x.

use std::fmt::Write;
use std::path::Path;

use super::Result;
use super::folder::publish;
use super::frame::{self, Column, Layout, Precision, STATIC};
use super::master::Series;

/// Writes the file.
pub(super) fn write(folder: &Path, layout: &Layout, series: &Series) -> Result<()> {
    publish(&folder.join(format!("{}.xdmf", layout.stem)), &text(layout, series))
}

pub(super) fn text(layout: &Layout, series: &Series) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" ?>\n<!DOCTYPE Xdmf SYSTEM \"Xdmf.dtd\" []>\n\
         <Xdmf Version=\"2.0\">\n<Domain>\n\
         <Grid Name=\"series\" GridType=\"Collection\" CollectionType=\"Temporal\">\n",
    );
    for &(index, time) in &series.steps {
        grid(&mut out, layout, series, index, time);
    }
    out.push_str("</Grid>\n</Domain>\n</Xdmf>\n");
    out
}

fn grid(out: &mut String, layout: &Layout, series: &Series, index: usize, time: f64) {
    let [nz, ny, nx] = layout.shape();
    let [hx, hy, hz] = layout.spacing;
    let time = time / layout.seconds;
    let _ = write!(
        out,
        "<Grid Name=\"{index:06}\" GridType=\"Uniform\">\n<Time Value=\"{time:?}\"/>\n\
         <Topology TopologyType=\"3DCoRectMesh\" Dimensions=\"{} {} {}\"/>\n\
         <Geometry GeometryType=\"ORIGIN_DXDYDZ\">\n\
         <DataItem Dimensions=\"3\" NumberType=\"Float\" Precision=\"8\" Format=\"XML\">0 0 {}</DataItem>\n\
         <DataItem Dimensions=\"3\" NumberType=\"Float\" Precision=\"8\" Format=\"XML\">{hz:?} {hy:?} {hx:?}</DataItem>\n\
         </Geometry>\n",
        nz + 1,
        ny + 1,
        nx + 1,
        layout.start(0)
    );
    for column in &series.fields {
        attribute(out, layout, column, &frame::file_name(index));
    }
    for column in &series.statics {
        attribute(out, layout, column, STATIC);
    }
    out.push_str("</Grid>\n");
}

fn attribute(out: &mut String, layout: &Layout, column: &Column, file: &str) {
    let shape: Vec<String> =
        column.precision.shape(layout).iter().map(ToString::to_string).collect();
    let (shape, of) = (shape.join(" "), column.precision);
    let what = if of == Precision::Vectors { "Vector" } else { "Scalar" };
    let (kind, bytes) = match of {
        Precision::F32 | Precision::Vectors => ("Float", 4),
        Precision::F64 => ("Float", 8),
        Precision::U8 => ("UChar", 1),
    };
    let name = escaped(&column.name);
    let _ = writeln!(
        out,
        "<Attribute Name=\"{name}\" AttributeType=\"{what}\" Center=\"Cell\">\
         <DataItem Dimensions=\"{shape}\" NumberType=\"{kind}\" Precision=\"{bytes}\" \
         Format=\"HDF\">{file}:/VTKHDF/CellData/{name}</DataItem></Attribute>"
    );
}

/// Text for XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
