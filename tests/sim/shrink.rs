//! Making a failure small: whole classes of faults and late answers left out first, then halves, quarters and so on of the
//! steps.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{
    failure::Failure,
    plan::{Class, Plan, Step},
    simulation::{Counted, run, run_traced},
};

/// How many runs shrinking may take.
const BUDGET: usize = 1_000;

/// Runs a plan; a panic is a failure like any other.
pub fn outcome(plan: &Plan) -> (Counted, Result<(), Failure>) {
    catching(|| run(plan)).unwrap_or_else(|failure| (Counted::default(), Err(failure)))
}

/// Runs a plan that fails once more, to tell what happens in it.
pub fn traced(plan: &Plan, failure: Failure) -> Failure {
    let outcome = catching(|| run_traced(plan)).and_then(|outcome| outcome);
    outcome.err().unwrap_or(failure)
}

fn catching<T>(work: impl FnOnce() -> T) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Failure { kind: "panic".to_owned(), complaints: vec![text.unwrap_or_default()], trace: Vec::new() }
    })
}

/// Returns a smaller plan that fails in the same way, and how.
pub fn shrink(plan: Plan, failure: Failure) -> (Plan, Failure) {
    let Some(sort) = failure.sorts().last() else { return (plan, failure) };
    let mut shrinker = Shrinker { plan, failure, sort, budget: BUDGET };
    for class in Class::ALL {
        let steps = shrinker.plan.steps.iter().copied().filter(|step| step.class() != Some(class)).collect();
        shrinker.try_steps(steps);
    }
    shrinker.try_plan(Plan { late: 0, ..shrinker.plan.clone() });
    let mut size = shrinker.plan.steps.len() / 2;
    while size > 0 && shrinker.budget > 0 {
        let before = shrinker.plan.steps.len();
        shrinker.drop_chunks(size);
        if shrinker.plan.steps.len() == before || size > 1 {
            size /= 2;
        }
    }
    (shrinker.plan, shrinker.failure)
}

struct Shrinker {
    plan: Plan,
    failure: Failure,
    /// What to keep to: a plan that fails in another way is of no use.
    sort: String,
    budget: usize,
}

impl Shrinker {
    /// Leaves out each run of `size` steps that is not needed, the last first.
    fn drop_chunks(&mut self, size: usize) {
        let mut end = self.plan.steps.len();
        while end > 0 && self.budget > 0 {
            let start = end.saturating_sub(size);
            let mut steps = self.plan.steps.clone();
            let start_of_sash = steps.drain(start..end).find(|step| *step == Step::Start);
            steps.splice(start..start, start_of_sash);
            self.try_steps(steps);
            end = start.min(self.plan.steps.len());
        }
    }

    fn try_steps(&mut self, steps: Vec<Step>) {
        self.try_plan(Plan { steps, ..self.plan });
    }

    fn try_plan(&mut self, plan: Plan) {
        if plan == self.plan || self.budget == 0 {
            return;
        }
        self.budget -= 1;
        if let Err(failure) = outcome(&plan).1
            && failure.sorts().any(|sort| sort == self.sort)
        {
            (self.plan, self.failure) = (plan, failure);
        }
    }
}
