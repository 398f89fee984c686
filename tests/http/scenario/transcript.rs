//! Transcripts: what happens, and what came of it on each wire.

use expect_test::Expect;
use sash_sync::connection::Wire;

use super::run::{Mishaps, Run};

/// A line of a scenario, where it happens, and what comes of it.
struct Step<'a> {
    line: &'a str,
    wires: Vec<Wire>,
}

const WIRES: [Wire; 2] = [Wire::V4, Wire::Simplified];

/// A comment that begins so says why no mishap may happen in the scenario.
const UNDISTURBED: &str = "# Undisturbed:";

/// Runs a scenario over every wire and compares.
#[track_caller]
pub fn check(scenario: Expect) {
    play(&scenario, &WIRES);
}

/// Runs a scenario whose rule only v4 has.
#[track_caller]
pub fn check_v4(scenario: Expect) {
    play(&scenario, &[Wire::V4]);
}

/// Runs a scenario whose rule only the wire of today's clients has.
#[track_caller]
pub fn check_simplified(scenario: Expect) {
    play(&scenario, &[Wire::Simplified]);
}

#[track_caller]
fn play(scenario: &Expect, wires: &[Wire]) {
    let text = dedent(scenario.data());
    let steps: Vec<Step<'_>> = text.lines().filter(|line| is_step(line)).map(|line| Step::read(line, wires)).collect();
    let undisturbed = text.lines().any(|line| line.starts_with(UNDISTURBED));
    let mishaps = if undisturbed { Mishaps::default() } else { mishaps() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let outputs: Vec<Vec<Vec<String>>> = runtime.block_on(async {
        match wires {
            [one] => vec![run(*one, &steps, mishaps).await],
            _ => {
                let (v4, simplified) =
                    tokio::join!(run(Wire::V4, &steps, mishaps), run(Wire::Simplified, &steps, mishaps));
                vec![v4, simplified]
            }
        }
    });
    let mut told = String::new();
    let mut number = 0;
    for line in text.lines() {
        if is_step(line) {
            let came: Vec<&[String]> = outputs.iter().map(|output| output[number].as_slice()).collect();
            told.push_str(&format!("{line}\n"));
            for line in together(wires, &steps[number].wires, &came) {
                told.push_str(&format!("    {line}\n"));
            }
            number += 1;
        } else if line.is_empty() || line.starts_with('#') {
            // What separates scenes, and what is said about them, stays.
            told.push_str(&format!("{line}\n"));
        }
    }
    scenario.assert_eq(&format!("{}\n", told.trim_end()));
}

/// Returns what came of each step on one wire.
async fn run(wire: Wire, steps: &[Step<'_>], mishaps: Mishaps) -> Vec<Vec<String>> {
    let with_process = steps.iter().any(|step| step.line == "restart" || step.line == "stop");
    let mut run = Run::start(wire, with_process, mishaps).await;
    let mut outputs = Vec::with_capacity(steps.len());
    for step in steps {
        let output = if step.wires.contains(&wire) { run.step(step.line).await } else { Vec::new() };
        outputs.push(output);
    }
    run.end().await;
    outputs
}

impl<'a> Step<'a> {
    fn read(line: &'a str, all: &[Wire]) -> Step<'a> {
        for wire in WIRES {
            let rest = line.strip_prefix(wire.name()).and_then(|rest| rest.strip_prefix(": "));
            if let Some(line) = rest {
                return Step { line, wires: vec![wire] };
            }
        }
        Step { line, wires: all.to_vec() }
    }
}

fn is_step(line: &str) -> bool {
    !line.is_empty() && !line.starts_with(' ') && !line.starts_with('#')
}

/// Lines that all wires have in common stand alone; the others say whose they are.
fn together(all: &[Wire], run_on: &[Wire], outputs: &[&[String]]) -> Vec<String> {
    let [first, second] = outputs else { return outputs.concat() };
    let ([first_wire, second_wire], [_, _]) = (all, run_on) else {
        return first.iter().chain(*second).cloned().collect();
    };
    let named = |wire: &Wire, line: &String| format!("{}: {line}", wire.name());
    let (mut lines, mut rest) = (Vec::new(), *second);
    for line in *first {
        match rest.iter().position(|other| other == line) {
            Some(at) => {
                lines.extend(rest[..at].iter().map(|line| named(second_wire, line)));
                lines.push(line.clone());
                rest = &rest[at + 1..];
            }
            None => lines.push(named(first_wire, line)),
        }
    }
    lines.extend(rest.iter().map(|line| named(second_wire, line)));
    lines
}

/// `SCENARIO_MISHAPS=lost,restarts,state_after` lets such things happen in every scenario.
fn mishaps() -> Mishaps {
    let named = std::env::var("SCENARIO_MISHAPS").unwrap_or_default();
    let has = |name: &str| named.split(',').any(|word| word == name);
    Mishaps { lost: has("lost"), restarts: has("restarts"), state_after: has("state_after") }
}

/// Takes the indentation away that the text has in the source.
fn dedent(text: &str) -> String {
    let text = text.strip_prefix('\n').unwrap_or(text);
    let indent = |line: &str| line.len() - line.trim_start().len();
    let least = text.lines().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or(0);
    text.lines().map(|line| format!("{}\n", line.get(least..).unwrap_or_default().trim_end())).collect()
}
