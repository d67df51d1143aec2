//! Answers for perfusion: how the medium flows, and what it brings.

use super::answer::{Answer, answer, digits};
use super::setup::{Boundary, FlowLaw, Known};
use super::solver::Solver;
use crate::ground::grid::Face;
use crate::numerics::flux::{between, conductance};

/// Answers about the flow; none where the medium rests.
pub(super) fn answers(solver: &Solver, out: &mut Vec<Answer>) {
    let Some(stream) = &solver.stream else { return };
    let setup = &solver.setup;
    let grid = &setup.grid;
    for (face, rate) in Face::ALL.into_iter().zip(stream.entering) {
        if rate != 0.0 {
            let way = if rate > 0.0 { "in" } else { "out" };
            let name = grid.face_name(face);
            let [inward, outward] = stream.both_ways(grid, face).map(|q| digits(q * 60e6));
            let text = if both_ways(solver, face) {
                format!("{inward} mL/min in and {outward} mL/min out")
            } else {
                format!("{} mL/min {way}", digits(rate.abs() * 60e6))
            };
            out.push(answer(
                &format!("flow.{name}"),
                &format!("flow through {name}"),
                text,
                Some(rate),
                "m^3/s",
                "",
            ));
        }
    }
    let open: Vec<usize> = (0..grid.len()).filter(|&i| solver.room()[i] > 0.0).collect();
    let weighted = |value: &dyn Fn(usize) -> f64| -> f64 {
        let all: f64 = open.iter().map(|&i| solver.measure()[i]).sum();
        open.iter().map(|&i| value(i) * solver.measure()[i]).sum::<f64>() / all
    };
    let mean = weighted(&|i| stream.speed(i));
    let most = open.iter().map(|&i| stream.speed(i)).fold(0.0, f64::max);
    out.push(answer(
        "superficial_velocity",
        "superficial velocity",
        format!("{} µm/s mean, up to {}", digits(mean * 1e6), digits(most * 1e6)),
        Some(mean),
        "m/s",
        "volume through an area of construct per time",
    ));
    if let Some(FlowLaw::Known(Known { changed: Some(changed), .. })) =
        setup.flow.as_ref().map(|f| &f.law)
    {
        out.push(answer(
            "velocity_changed",
            "velocity file changed by",
            format!("{} %", digits(100.0 * changed)),
            Some(*changed),
            "",
            "to be free of sources: root mean square of the change over that of the velocity",
        ));
    }
    let residence = stream.residence(setup, solver.storage());
    out.push(answer(
        "residence_time",
        "residence time",
        format!("{} s", digits(residence)),
        Some(residence),
        "s",
        "volume of the fluid over the flow in",
    ));
    if let Some(shear) = &stream.shear {
        let mut by_size: Vec<(f64, f64)> =
            open.iter().map(|&i| (shear[i], solver.measure()[i])).collect();
        by_size.sort_by(|a, b| a.0.total_cmp(&b.0));
        let [half, high] = [0.5, 0.95].map(|share| quantile(&by_size, share));
        out.push(answer(
            "wall_shear.p50",
            "wall shear",
            format!("{} mPa: half of the volume has less", digits(half * 1e3)),
            Some(half),
            "Pa",
            "√2·µ|u|/√(εK), exact for straight round pores; real pores vary by a factor of a few",
        ));
        out.push(answer(
            "wall_shear.p95",
            "wall shear, 95 %",
            format!("{} mPa: 95 % of the volume has less", digits(high * 1e3)),
            Some(high),
            "Pa",
            "",
        ));
    }
    let lengths = (0..grid.dimensions).map(|a| grid.length(a));
    let along: [f64; 3] = std::array::from_fn(|a| weighted(&|i| stream.velocity[a][i].abs()));
    let main = (0..3).max_by(|a, b| along[*a].total_cmp(&along[*b])).unwrap_or(0);
    let length = lengths.clone().nth(main).unwrap_or(0.0);
    for (s, solute) in setup.solutes.iter().enumerate() {
        let d = weighted(&|i| solver.diffusivity(s, i));
        let peclet = mean * length / (d * solute.axis[main]);
        let cell = cell_peclet(solver, s);
        let numerical = if cell > 2.0 {
            format!("; {} per voxel: steep fronts smear over about a voxel", digits(cell))
        } else {
            format!("; {} per voxel", digits(cell))
        };
        out.push(answer(
            &format!("{}.peclet", solute.name),
            &format!("Péclet of {}", solute.name),
            format!("{}{numerical}", digits(peclet)),
            Some(peclet),
            "",
            if s == 0 {
                "mean superficial velocity × length along the flow/effective diffusivity"
            } else {
                ""
            },
        ));
        let rate = |name: &str| solver.ledger.find(name).map_or(0.0, |t| t.1);
        // Where fluid passes both ways the account of the face is the net.
        let brings = |face: Face| match &solute.boundaries[face.number()] {
            Boundary::Inlet(c) if both_ways(solver, face) => {
                c.at(solver.state.time, true) * stream.both_ways(grid, face)[0]
            }
            Boundary::Inlet(_) if stream.entering[face.number()] > 0.0 => {
                rate(&format!("{}.in.{}", solute.name, grid.face_name(face)))
            }
            _ => 0.0,
        };
        let brought: f64 = Face::ALL.into_iter().map(brings).sum();
        let used = rate(&format!("{}.used", solute.name));
        if brought > 0.0 && used > 0.0 {
            out.push(answer(
                &format!("{}.extraction", solute.name),
                &format!("{} used of the inflow", solute.name),
                format!("{} %", digits(100.0 * used / brought)),
                Some(used / brought),
                "",
                if s == 0 {
                    "uptake over what the fluid brings through inlets, in the last step"
                } else {
                    ""
                },
            ));
        }
    }
}

/// True where fluid enters through one part of a face and leaves through another.
fn both_ways(solver: &Solver, face: Face) -> bool {
    let stream = solver.stream.as_ref();
    stream.is_some_and(|s| s.both_ways(&solver.setup.grid, face).iter().all(|q| *q > 0.0))
}

/// Value below which a share of the weight lies.
fn quantile(ascending: &[(f64, f64)], share: f64) -> f64 {
    let all: f64 = ascending.iter().map(|x| x.1).sum();
    let mut sum = 0.0;
    for (value, weight) in ascending {
        sum += weight;
        if sum >= share * all {
            return *value;
        }
    }
    0.0
}

/// Largest flow over conductance of a face.
fn cell_peclet(solver: &Solver, s: usize) -> f64 {
    let Some(stream) = &solver.stream else { return 0.0 };
    let (faces, d) = solver.conductances(s);
    let mut most = 0.0_f64;
    between(faces.n, |side| {
        let t = d * conductance(faces, side);
        if t > 0.0 {
            most = most.max(stream.q[side.axis][side.face].abs() / t);
        }
    });
    most
}
