//! `blastema geometry make`.

use std::path::PathBuf;

use super::super::failure::{Exit, Failure};
use super::super::library::print;
use super::{facts, load, outputs, write};

/// Arguments of `make`.
#[derive(clap::Args)]
#[command(after_help = "Recipes and their keys (those of scaffold.structure in a case):
  tpms      surface=gyroid|schwarz-p|schwarz-d|i-wp|neovius|fischer-koch-s kind=network|sheet period=
  struts    lattice=simple-cubic|body-centred|face-centred|octet cell=
  woodpile  spacing= layer= angles=[0, 90] stagger=true
  spheres   lattice= period= radius= pores=between|inside      packing  radius= spread= porosity= seed=
  leached   grain=cube|sphere size= porosity= seed=            fibres   diameter= length= porosity= seed=
  blobs     length= porosity= seed=
tpms, struts and woodpile take porosity=, the size itself (level=, diameter=), or a gradient:
\"graded={ axis = 'z', from = 0.6, to = 0.8 }\"

Examples:
  blastema geometry make tpms surface=gyroid period=500um porosity=0.7 --size 2mm,2mm,2mm --voxel 20um --out gyroid.tif
  blastema geometry make woodpile diameter=300um spacing=700um --size 5mm,5mm,3mm --voxel 50um --out grid.tif --out grid.stl
  blastema geometry make leached size=250um porosity=0.8 seed=7 --size 3mm,3mm,3mm --voxel 25um --out salt.tif")]
pub struct Args {
    /// Recipe
    recipe: String,
    /// Keys of the recipe
    #[arg(value_name = "KEY=VALUE")]
    keys: Vec<String>,
    /// Size of the box, one length an axis
    #[arg(long, value_name = "X,Y,Z")]
    size: String,
    /// Edge of a voxel
    #[arg(long)]
    voxel: String,
    /// File to write: .tif (read by cases, ImageJ), .stl, .vtkhdf (ParaView) or .png; repeatable
    #[arg(long)]
    out: Vec<PathBuf>,
    /// Threads (default: one per core)
    #[arg(long, default_value_t = 0, value_parser = super::super::threads)]
    threads: usize,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    write::possible(&args.out)?;
    let sides: Vec<String> = args.size.split(',').map(super::quoted).collect();
    let mut sets = vec![
        format!("domain.size=[{}]", sides.join(", ")),
        format!("domain.voxel={}", args.voxel),
        // Partly filled voxels are kept.
        "scaffold.resolve=\"homogenised\"".into(),
    ];
    let below = format!("scaffold.structure.{}", args.recipe);
    let names: Vec<&str> = args.keys.iter().filter_map(|k| k.split('=').next()).collect();
    if let Some(twice) = (1..names.len()).find(|i| names[..*i].contains(&names[*i])) {
        return Err(Failure::new(Exit::Input, format!("{}: given twice", names[twice])));
    }
    if args.keys.is_empty() {
        sets.push(format!("{below}={{}}"));
    }
    for key in &args.keys {
        sets.push(format!("{below}.{key}"));
    }
    crate::ground::par::with_threads(args.threads, || {
        let made = load(&sets)?;
        print(&facts::short(&made.structure))?;
        outputs(&made.structure, &args.out)
    })
}
