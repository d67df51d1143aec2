//! What a flow turns out to be once it is solved: faces that fluid passes both ways, and values far
//! from what is published, each warning with its source.

use super::Builder;
use super::flow::{enters, rests};
use crate::case::diagnostic::Severity;
use crate::ground::grid::Face;
use crate::ground::units::{PRESSURE, VELOCITY, number, readable};
use crate::model::flow::Stream;
use crate::model::setup::{Boundary, Flow, FlowBoundary, FlowLaw, Setup};
use crate::physics::flow::reynolds;

/// Superficial velocity above which a flow is unusual, m/s: ten times the fastest perfusion of bone
/// constructs (Grayson et al., Biotechnol. Bioeng. 108 (2011) 1159).
const FAST: f64 = 18e-3;
/// Difference of pressures above which a flow is unusual, Pa: systolic blood pressure, 120 mmHg.
const HIGH: f64 = 16e3;
/// Reynolds number of a pore above which Darcy's law begins to fail (Bear, Dynamics of Fluids in
/// Porous Media (1972) §5.3).
const INERTIAL: f64 = 1.0;
/// Voxels up to which every flow is solved before the run, by Darcy's law and by Brinkman's, which
/// takes longer; beyond, only one whose way is not known.
const QUICK: [usize; 2] = [1 << 20, 1 << 13];

impl Builder<'_> {
    /// Solves the flow and looks at it.
    pub(super) fn stream(&mut self, setup: &Setup) {
        let Some(flow) = setup.flow.as_ref().filter(|f| !rests(f)) else { return };
        let wrong = self.check.found.iter().any(|d| d.severity == Severity::Error);
        if self.blind || wrong {
            return;
        }
        let known = |face: &Face| enters(flow, &setup.grid, *face) != Some(None);
        let brinkman = matches!(flow.law, FlowLaw::Brinkman { .. });
        if setup.grid.len() > QUICK[usize::from(brinkman)] && Face::ALL.iter().all(known) {
            return;
        }
        let porosity = &setup.structure.porosity;
        let room: Vec<f64> = porosity.iter().map(|e| f64::from(u8::from(*e > 0.0))).collect();
        // A pressure that is not found is told by the run.
        let Ok(Some(stream)) = Stream::of(setup, &room, porosity) else { return };
        for face in Face::ALL.into_iter().filter(|f| !known(f)) {
            self.passable(setup, &stream, face);
        }
        self.unusual(setup, flow, &stream);
    }

    /// A face whose way only the solution tells: what each solute must be given there.
    fn passable(&mut self, setup: &Setup, stream: &Stream, face: Face) {
        let root = self.root;
        let [inward, outward] = stream.both_ways(&setup.grid, face);
        let face_name = setup.grid.face_name(face);
        let rate = |q: f64| format!("{} mL/min", number(q * 60e6));
        for solute in &setup.solutes {
            let name = &solute.name;
            let Some((_, at)) = root.entries_of("solutes").iter().find(|e| e.0 == *name) else {
                continue;
            };
            let given = at.get("boundary").and_then(|b| b.get(&face_name));
            let key = format!("solutes.{name}.boundary.{face_name}");
            let ways = if outward > 0.0 {
                format!("{} enter and {} leave", rate(inward), rate(outward))
            } else {
                format!("{} enter", rate(inward))
            };
            let (message, label) = match solute.boundaries[face.number()] {
                Boundary::Outflow if inward > 0.0 => (
                    format!("{key}: fluid enters through {face_name}"),
                    format!(
                        "{ways}: give inlet = the concentration that enters; the rest leaves all the same"
                    ),
                ),
                Boundary::Inlet(_) if inward == 0.0 && outward > 0.0 => (
                    format!("{key}: fluid leaves through {face_name}"),
                    format!("{} leave: write outflow = {{}}", rate(outward)),
                ),
                Boundary::Sealed | Boundary::Flux(_) if inward > 0.0 => (
                    format!("{name} cannot pass {face_name}, where fluid enters"),
                    format!("{ways}: give inlet = the concentration that enters"),
                ),
                Boundary::Sealed | Boundary::Flux(_) if outward > 0.0 => (
                    format!("{name} cannot pass {face_name}, where fluid leaves"),
                    format!("{} leave: write outflow = {{}}", rate(outward)),
                ),
                _ => continue,
            };
            let place = given.unwrap_or(at).place;
            self.check.error("E023", &key, message, place).label = label;
        }
    }

    fn unusual(&mut self, setup: &Setup, flow: &Flow, stream: &Stream) {
        let Some(at) = self.root.get("flow") else { return };
        let place = at.get("law").and_then(|l| l.place).or(at.place);
        let mut warn = |code, key: &str, message: String, label: String| {
            self.check.warning(code, key, message, place).label = label;
        };
        let voxels = 0..setup.grid.len();
        let speed = voxels.clone().map(|i| stream.speed(i)).fold(0.0, f64::max);
        if speed > FAST {
            warn(
                "W041",
                "flow",
                format!("the flow is fast: up to {}", readable(speed, VELOCITY)),
                "bone constructs were perfused at 80 to 1800 µm/s (Grayson et al. 2011)".into(),
            );
        }
        if let Some(pressure) = &stream.pressure {
            let held = flow.boundaries.iter().filter_map(FlowBoundary::pressure);
            let all = pressure.iter().copied().filter(|p| p.is_finite()).chain(held);
            let (low, high) =
                all.fold((f64::INFINITY, f64::NEG_INFINITY), |m, p| (m.0.min(p), m.1.max(p)));
            if high - low > HIGH {
                warn(
                    "W042",
                    "flow",
                    format!("the flow needs a difference of {}", readable(high - low, PRESSURE)),
                    "systolic blood pressure is 16 kPa (120 mmHg); is the permeability right?"
                        .into(),
                );
            }
            let porosity = &setup.structure.porosity;
            let k = flow.law.permeability(porosity.iter().copied());
            let lengths = (0..setup.grid.dimensions).map(|a| setup.grid.length(a));
            let widest = lengths.fold(f64::INFINITY, f64::min);
            let number_at =
                |i: usize| reynolds(flow.viscosity, stream.speed(i), porosity[i], k[i], widest);
            let most = voxels.map(number_at).fold(0.0, f64::max);
            if most > INERTIAL {
                warn(
                    "W043",
                    "flow.law",
                    format!("Darcy's law begins to fail: the Reynolds number is {}", number(most)),
                    "it holds up to 1 to 10 in a pore (Bear 1972, §5.3); inertia is left out"
                        .into(),
                );
            }
        }
        if let FlowLaw::Table(points) = &flow.law
            && let (Some(first), Some(last)) = (points.first(), points.last())
        {
            let porosity = setup.structure.porosity.iter().copied().filter(|e| *e > 0.0);
            let (low, high) =
                porosity.fold((f64::INFINITY, 0.0_f64), |m, e| (m.0.min(e), m.1.max(e)));
            if low < first.0 || high > last.0 {
                let own = if low == high {
                    number(low)
                } else {
                    format!("{} to {}", number(low), number(high))
                };
                warn(
                    "W044",
                    "flow.law.table",
                    format!("flow.law.table does not reach the porosity: {own}"),
                    format!(
                        "it has {} to {}; beyond, its last permeability holds",
                        number(first.0),
                        number(last.0)
                    ),
                );
            }
        }
    }
}
